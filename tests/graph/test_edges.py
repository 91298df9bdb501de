"""Edge kinds, relation blocks, and edges of a sentence one can check by eye."""

import random
from itertools import permutations

import networkx as nx
import numpy as np
import pytest

from synner_graph.config import GNNConfig
from synner_graph.data.sentence import ROOT
from synner_graph.errors import InputError
from synner_graph.graph.edges import (
    DEPENDENT_HEAD,
    EDGE_KINDS,
    HEAD_DEPENDENT,
    NEXT_TOKEN,
    PREVIOUS_TOKEN,
    SELF,
    EdgeInventory,
    batch_heads,
)
from tests.fixtures import random_heads

# "Ann sees Bob": sees is the root.
HEADS = np.array([1, ROOT, 1])
RELATIONS = np.array([0, 2, 1])
OFFSETS = np.array([0, 3])
NAMES = ("nsubj", "obj", "root")
SUBSETS = [kinds for size in range(4) for kinds in permutations(EDGE_KINDS, size)]


def test_every_kind_has_its_edges_and_relation_block() -> None:
    edges = EdgeInventory(EDGE_KINDS, NAMES).edges(HEADS, RELATIONS, OFFSETS)
    src, dst, relation, direction = (column.tolist() for column in edges)
    assert list(zip(src, dst, strict=True)) == [
        *[(1, 0), (1, 2)],
        *[(0, 1), (2, 1)],
        *[(0, 0), (1, 1), (2, 2)],
    ]
    assert relation == [0, 1, 3, 4, 6, 6, 6]
    assert direction == [0, 0, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("kinds", SUBSETS)
def test_relation_ids_name_the_arc_and_the_way_it_is_read(kinds: tuple[str, ...]) -> None:
    inventory = EdgeInventory(kinds, NAMES)
    names = inventory.relation_types
    expected = set()
    for token, (head, name) in enumerate(zip(HEADS, ["nsubj", "root", "obj"], strict=True)):
        if SELF in kinds:
            expected.add((token, token, "self", SELF))
        if head != ROOT and HEAD_DEPENDENT in kinds:
            expected.add((head, token, name, HEAD_DEPENDENT))
        if head != ROOT and DEPENDENT_HEAD in kinds:
            expected.add((token, head, f"{name} (dependent-head)", DEPENDENT_HEAD))
    columns = inventory.edges(HEADS, RELATIONS, OFFSETS)
    assert all(column.dtype == np.int64 for column in columns)
    found = [(s, d, names[r], kinds[k]) for s, d, r, k in zip(*columns, strict=True)]
    assert set(found) == expected
    assert len(found) == len(expected)
    assert [kind for *_, kind in found] == sorted((kind for *_, kind in found), key=kinds.index)


@pytest.mark.parametrize("kinds", SUBSETS)
def test_relation_types_are_distinct_and_complete(kinds: tuple[str, ...]) -> None:
    types = EdgeInventory(kinds, NAMES).relation_types
    assert len(set(types)) == len(types) == sum(1 if kind == SELF else 3 for kind in kinds)


@pytest.mark.parametrize("kinds", SUBSETS)
def test_trees_are_needed_unless_only_self_edges_are_wanted(kinds: tuple[str, ...]) -> None:
    assert EdgeInventory(kinds, NAMES).needs_trees == bool(set(kinds) - {SELF})


def test_self_edges_do_not_read_the_tree() -> None:
    nothing = np.zeros(2, dtype=np.int64)
    src, dst, relation, _ = EdgeInventory((SELF,), NAMES).edges(nothing, nothing, np.array([0, 2]))
    assert src.tolist() == dst.tolist() == [0, 1]
    assert relation.tolist() == [0, 0]


def test_unknown_kind_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"Unknown edge kind 'slf'\. Did you mean 'self'\?"):
        EdgeInventory(("slf",), NAMES)


def test_kind_named_twice_is_refused() -> None:
    with pytest.raises(InputError, match="named twice in self, head-dependent, self"):
        EdgeInventory((SELF, HEAD_DEPENDENT, SELF), NAMES)


def test_heads_become_rows_of_the_batch_and_roots_stay() -> None:
    rows = batch_heads([[ROOT], [1, ROOT, 0], [ROOT, 0]], np.array([0, 1, 4, 6]))
    assert rows.tolist() == [ROOT, 2, ROOT, 1, ROOT, 4]


def test_next_and_previous_token_stay_within_the_sentence() -> None:
    inventory = EdgeInventory((NEXT_TOKEN, PREVIOUS_TOKEN), NAMES)
    nothing = np.zeros(6, dtype=np.int64)
    src, dst, relation, direction = inventory.edges(nothing, nothing, np.array([0, 1, 4, 4, 6]))
    assert list(zip(src, dst, strict=True)) == [(1, 2), (2, 3), (4, 5), (2, 1), (3, 2), (5, 4)]
    assert relation.tolist() == direction.tolist() == [0, 0, 0, 1, 1, 1]
    assert inventory.relation_types == ("next-token", "previous-token")
    assert not inventory.needs_trees


@pytest.mark.parametrize("hops", [2, 3, 4, 12])
def test_hops_join_the_tokens_that_many_arcs_apart(hops: int) -> None:
    draw = random.Random(hops)
    rows = [random_heads(draw, length) for length in (1, 15, 2, 30)]
    rows.append([ROOT, 0, ROOT, 2, 3, 4])  # two roots
    offsets = np.cumsum([0, *map(len, rows)])
    heads = batch_heads(rows, offsets)
    inventory = EdgeInventory((f"{hops}-hop", SELF), NAMES)
    assert inventory.needs_trees and not inventory.reads_relations
    src, dst, relation, _ = inventory.edges(heads, np.zeros_like(heads), offsets)
    tree = nx.Graph([(int(head), node) for node, head in enumerate(heads) if head != ROOT])
    far = dict(nx.all_pairs_shortest_path_length(tree))
    expected = [(u, v) for u in far for v, distance in far[u].items() if distance == hops]
    found = list(zip(src.tolist(), dst.tolist(), strict=True))[: -len(heads)]
    assert sorted(found) == sorted(expected)
    assert inventory.relation_types == (f"{hops}-hop", "self")
    assert relation.tolist() == [0] * len(found) + [1] * len(heads)


@pytest.mark.parametrize("kind", ["1-hop", "0-hop", "02-hop", "hop", "2-hops"])
def test_other_hops_are_refused(kind: str) -> None:
    with pytest.raises(InputError, match="Unknown edge kind"):
        EdgeInventory((kind,), NAMES)


def test_a_graph_has_the_usual_kinds_unless_others_are_set() -> None:
    """The settings name them on their own: they stand below graphs and import none."""
    assert GNNConfig().edges == EDGE_KINDS


def test_hops_beyond_every_sentence_end() -> None:
    heads = np.array([ROOT, 0, 1])
    src, dst, _, _ = EdgeInventory(("999999-hop",), ("dep",)).edges(
        heads, np.zeros(3, dtype=np.int64), np.array([0, 3])
    )
    assert len(src) == len(dst) == 0
