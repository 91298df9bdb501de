"""The best tree with one root, compared with all of them."""

from itertools import product
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Sentence, SentenceError
from synner_graph.heads.best_tree import best_tree

WORDS = "abcde"


def trees(length: int) -> list[tuple[int, ...]]:
    """All trees with one root, by trying every choice of heads."""
    found = []
    for heads in product(range(ROOT, length), repeat=length):
        try:
            Sentence(tuple(WORDS[:length]), heads, ["x"] * length).check()
        except SentenceError:
            continue
        found.append(heads)
    return found


ALL_TREES = {length: trees(length) for length in range(1, 6)}


def total(scores: np.ndarray, heads: tuple[int, ...] | list[int]) -> float:
    return cast(float, sum(scores[token, head + 1] for token, head in enumerate(heads)))


def check(scores: np.ndarray) -> None:
    heads = best_tree(scores.copy())
    assert tuple(heads) in ALL_TREES[len(scores)]
    best = max(total(scores, tree) for tree in ALL_TREES[len(scores)])
    assert total(scores, heads) == pytest.approx(best, rel=1e-9, abs=1e-9)


def test_there_are_as_many_trees_as_cayley_says() -> None:
    assert [len(found) for found in ALL_TREES.values()] == [n ** (n - 1) for n in range(1, 6)]


@given(st.data(), st.integers(1, 5), st.sampled_from([1.0, 1e-3, 1e4]))
def test_no_tree_with_one_root_is_better(data: st.DataObject, length: int, scale: float) -> None:
    size = length * (length + 1)
    values = data.draw(st.lists(st.floats(-1, 1, width=32), min_size=size, max_size=size))
    check(scale * np.array(values).reshape(length, length + 1))


@given(st.data(), st.integers(1, 5))
def test_ties(data: st.DataObject, length: int) -> None:
    size = length * (length + 1)
    values = data.draw(st.lists(st.integers(-1, 1), min_size=size, max_size=size))
    check(np.array(values, dtype=float).reshape(length, length + 1))


@given(st.data(), st.integers(2, 5))
def test_tokens_that_all_want_to_be_root(data: st.DataObject, length: int) -> None:
    size = length * (length + 1)
    values = data.draw(st.lists(st.floats(-1, 1, width=32), min_size=size, max_size=size))
    scores = np.array(values).reshape(length, length + 1)
    scores[:, 0] += 50
    check(scores)


def test_a_token_as_its_own_head_is_not_read() -> None:
    draw = np.random.default_rng(0)
    for length in range(1, 8):
        scores = draw.normal(size=(length, length + 1))
        wanted = best_tree(scores)
        for value in (1e6, -1e6, np.nan):
            scores[np.arange(length), np.arange(length) + 1] = value
            assert best_tree(scores) == wanted


def test_log_probabilities_of_a_long_sentence() -> None:
    draw = np.random.default_rng(0)
    scores = draw.normal(size=(300, 301)) * 30
    heads = best_tree(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
    assert heads.count(ROOT) == 1
    Sentence(["x"] * 300, heads, ["x"] * 300).check()
