"""Batches hold every unit once, short ones first, within their bounds."""

from itertools import count, islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.batching import by_cost, by_sentences, windows
from synner_graph.data.sentence import Sentence

LENGTHS = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), max_size=20)


def units_of(lengths: list[list[int]]) -> list[list[Sentence]]:
    return [[Sentence(["x"] * n) for n in unit] for unit in lengths]


@given(LENGTHS, st.integers(1, 9), st.integers(1, 60))
def test_by_sentences(lengths: list[list[int]], size: int, tokens: int) -> None:
    found = list(by_sentences(units_of(lengths), size, tokens))
    rows = [row for batch in found for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    assert [sum(lengths[row]) for row in rows] == sorted(map(sum, lengths))
    several = [batch for batch in found if len(batch) > 1]
    assert all(sum(len(lengths[row]) for row in batch) <= size for batch in several)
    assert all(sum(sum(lengths[row]) for row in batch) <= tokens for batch in several)
    for batch, following in pairwise(found):  # none could have held one more
        whole = [*batch, following[0]]
        count = sum(len(lengths[row]) for row in whole)
        assert count > size or sum(sum(lengths[row]) for row in whole) > tokens


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 60))
def test_by_cost(costs: list[int], budget: int) -> None:
    found = list(by_cost(costs, budget))
    assert sorted(i for batch in found for i in batch) == list(range(len(costs)))
    assert all(len(b) * max(costs[i] for i in b) <= budget for b in found if len(b) > 1)
    flat = [costs[i] for batch in found for i in batch]
    assert flat == sorted(flat)


@given(LENGTHS, st.integers(1, 9))
def test_windows(lengths: list[list[int]], sentences: int) -> None:
    units = units_of(lengths)
    found = list(windows(units, sentences))
    assert [unit for window in found for unit in window] == units
    assert all(sum(map(len, window[:-1])) < sentences for window in found)
    assert all(sum(map(len, window)) >= sentences for window in found[:-1])


def test_windows_are_lazy() -> None:
    endless = windows(([Sentence(["x"])] for _ in count()), 3)
    assert [len(window) for window in islice(endless, 2)] == [3, 3]
