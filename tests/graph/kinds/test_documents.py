"""Edges between the sentences of a document, against a loop over all pairs of tokens."""

import random
from itertools import groupby, pairwise

import numpy as np
import pytest

from synner_graph.data.sentence import ROOT
from synner_graph.graph.edges import (
    NEXT_SENTENCE,
    PREVIOUS_SENTENCE,
    SAME_FORM,
    DocumentContext,
    EdgeInventory,
    batch_heads,
)
from synner_graph.graph.kinds.documents import NEAREST, SAME_FORM_TYPES, same_form
from tests.fixtures import random_heads

Array = np.ndarray


def draw_batch(seed: int) -> tuple[Array, Array, Array, Array]:
    """Heads, offsets, documents and forms of a batch in which forms often come again."""
    draw = random.Random(seed)
    lengths = [draw.randint(1, 6) for _ in range(14)]
    rows = [random_heads(draw, length) for length in lengths]
    offsets = np.cumsum([0, *lengths])
    documents = np.cumsum([draw.random() < 0.2 for _ in lengths])
    forms = np.array([draw.choice([-1, 0, 0, 1, 2]) for _ in range(offsets[-1])])
    return batch_heads(rows, offsets), offsets, documents, forms


def name_by_hand(here: int, there: int) -> str:
    """What a token in sentence `here` is told of a mention in sentence `there`."""
    apart = abs(here - there)
    named = ["same sentence", "1 sentence", "2-4 sentences", "2-4 sentences", "2-4 sentences"]
    return named[apart] if apart < 5 else "5 sentences or more"


@pytest.mark.parametrize("seed", range(12))
def test_same_forms_equal_a_loop_over_pairs(seed: int) -> None:
    _, offsets, documents, forms = draw_batch(seed)
    owner = np.repeat(np.arange(len(documents)), np.diff(offsets)).tolist()
    groups: dict[tuple[int, int], list[int]] = {}
    for token, form in enumerate(forms.tolist()):
        if form != -1:
            groups.setdefault((int(documents[owner[token]]), form), []).append(token)
    expected = set()
    for mentions in groups.values():
        for rank, later in enumerate(mentions):
            for earlier in {mentions[0], *mentions[max(0, rank - NEAREST) : rank]} - {later}:
                distance = name_by_hand(owner[earlier], owner[later])
                expected.add((earlier, later, f"same-form {distance} before"))
                expected.add((later, earlier, f"same-form {distance} after"))
    src, dst, kind = same_form(forms, offsets, documents)
    found = [
        (s, d, SAME_FORM_TYPES[k])
        for s, d, k in zip(src.tolist(), dst.tolist(), kind.tolist(), strict=True)
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_edges_grow_with_the_mentions_not_with_their_pairs() -> None:
    sizes = []
    for mentions in (100, 200, 400):
        forms, offsets = np.zeros(mentions, dtype=np.int64), np.arange(mentions + 1)
        sizes.append(len(same_form(forms, offsets, np.zeros(mentions, dtype=np.int64))[0]))
    assert sizes[2] - sizes[1] == 2 * (sizes[1] - sizes[0]) == 200 * 2 * (NEAREST + 1)


@pytest.mark.parametrize("seed", range(6))
def test_neighbors_are_joined_root_to_root(seed: int) -> None:
    heads, offsets, documents, _ = draw_batch(seed)
    inventory = EdgeInventory((NEXT_SENTENCE, PREVIOUS_SENTENCE), ())
    assert inventory.needs_trees and not inventory.reads_relations
    context = DocumentContext(documents)
    src, dst, relation, direction = inventory.edges(heads, np.zeros_like(heads), offsets, context)
    roots = np.flatnonzero(heads == ROOT).tolist()  # one a sentence, in order
    pairs = []
    for _, rows in groupby(range(len(documents)), key=documents.tolist().__getitem__):
        inside = [roots[row] for row in rows]
        pairs += pairwise(inside)
    found = list(zip(src.tolist(), dst.tolist(), strict=True))
    assert found == pairs + [(later, earlier) for earlier, later in pairs]
    assert relation.tolist() == direction.tolist() == [0] * len(pairs) + [1] * len(pairs)
    assert inventory.relation_types == ("next-sentence", "previous-sentence")


def test_of_several_roots_the_first_stands_for_the_sentence() -> None:
    heads = np.array([ROOT, ROOT, 3, ROOT, ROOT])
    inventory = EdgeInventory((NEXT_SENTENCE,), ())
    context = DocumentContext(np.zeros(2, dtype=np.int64))
    src, dst, *_ = inventory.edges(heads, np.zeros(5, dtype=np.int64), np.array([0, 2, 5]), context)
    assert (src.tolist(), dst.tolist()) == ([0], [3])


def test_without_a_context_no_sentences_are_joined() -> None:
    heads, offsets, _, forms = draw_batch(0)
    nothing = np.zeros_like(heads)
    kinds = (NEXT_SENTENCE, PREVIOUS_SENTENCE, SAME_FORM)
    assert not len(EdgeInventory(kinds, ()).edges(heads, nothing, offsets)[0])
    src, dst, *_ = EdgeInventory((SAME_FORM,), ()).edges(
        heads, nothing, offsets, DocumentContext(forms=forms)
    )
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    assert len(src) and np.array_equal(owner[src], owner[dst])


def test_same_forms_need_no_trees() -> None:
    assert not EdgeInventory((SAME_FORM,), ()).needs_trees


def test_relation_types_are_numbered_through() -> None:
    inventory = EdgeInventory(("self", SAME_FORM, "2-hop"), ("a",))
    assert inventory.relation_types == ("self", *SAME_FORM_TYPES, "2-hop")
    assert inventory.first_relation("2-hop") == 1 + len(SAME_FORM_TYPES)
    heads, offsets, documents, forms = draw_batch(3)
    _, _, relation, direction = inventory.edges(
        heads, np.zeros_like(heads), offsets, DocumentContext(documents, forms)
    )
    names = [inventory.relation_types[i] for i in relation]
    kinds = [inventory.kinds[i] for i in direction]
    assert all(name.startswith(kind) for name, kind in zip(names, kinds, strict=True))
    assert set(kinds) == set(inventory.kinds)
