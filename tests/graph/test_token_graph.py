"""TokenGraph against a loop over sentences and tokens, and its two views for the outside."""

import random
from dataclasses import replace
from importlib.util import find_spec
from itertools import permutations

import networkx as nx
import pytest
import torch

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.graph.arcs import Arcs
from synner_graph.graph.edges import (
    ARC_KINDS,
    EDGE_KINDS,
    HEAD_DEPENDENT,
    NAMED_KINDS,
    SELF,
    EdgeInventory,
)
from synner_graph.graph.token_graph import TokenGraph
from tests.fixtures import RELATIONS, random_sentence

ARCS_TOO = (*NAMED_KINDS, "2-hop")
KINDS = [kinds for size in range(4) for kinds in permutations(EDGE_KINDS, size)]
LENGTHS = [[1], [1, 1, 1], [4, 1, 7, 2], [1, 13], []]
needs_dgl = pytest.mark.skipif(find_spec("dgl") is None, reason="DGL is not installed")


def sentences_of(lengths: list[int]) -> list[Sentence]:
    draw = random.Random(f"{lengths}")
    return [random_sentence(draw, length) for length in lengths]


def build(sentences: list[Sentence], kinds: tuple[str, ...] = EDGE_KINDS) -> TokenGraph:
    return TokenGraph.build(
        [len(sentence) for sentence in sentences],
        EdgeInventory(kinds, RELATIONS),
        [sentence.heads or () for sentence in sentences],
        [[RELATIONS.index(name) for name in sentence.relations or ()] for sentence in sentences],
    )


def edges_by_hand(
    sentences: list[Sentence], kinds: tuple[str, ...]
) -> list[tuple[int, int, str, str]]:
    """(src, dst, relation, kind) of every edge: kinds, then sentences, then tokens."""
    edges = []
    for kind in kinds:
        first = 0
        for sentence in sentences:
            for head, dependent, relation in sentence.arcs:
                if kind == SELF:
                    edges.append((first + dependent, first + dependent, "self", kind))
                elif head != ROOT and kind == HEAD_DEPENDENT:
                    edges.append((first + head, first + dependent, relation, kind))
                elif head != ROOT:
                    name = f"{relation} (dependent-head)"
                    edges.append((first + dependent, first + head, name, kind))
            first += len(sentence)
    return edges


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kinds", KINDS)
def test_edges_equal_a_loop_over_sentences(lengths: list[int], kinds: tuple[str, ...]) -> None:
    sentences = sentences_of(lengths)
    graph = build(sentences, kinds)
    names = graph.inventory.relation_types
    columns = (graph.src, graph.dst, graph.relation, graph.direction)
    assert all(column.dtype == torch.int64 for column in columns)
    found = [
        (src, dst, names[relation], kinds[direction])
        for src, dst, relation, direction in zip(*(c.tolist() for c in columns), strict=True)
    ]
    assert found == edges_by_hand(sentences, kinds)
    assert graph.num_edges == len(found)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_counts_offsets_and_indices(lengths: list[int]) -> None:
    sentences = sentences_of(lengths)
    graph = build(sentences)
    assert graph.num_sentences == len(lengths)
    assert graph.num_nodes == sum(lengths)
    assert graph.lengths.tolist() == lengths
    assert graph.offsets.tolist() == [sum(lengths[:b]) for b in range(len(lengths) + 1)]
    owners = [b for b, length in enumerate(lengths) for _ in range(length)]
    assert graph.sentence_index.tolist() == owners
    entering = [dst for _, dst, _, _ in edges_by_hand(sentences, EDGE_KINDS)]
    assert graph.in_degrees.tolist() == [entering.count(node) for node in range(sum(lengths))]


def test_no_edge_crosses_sentences() -> None:
    graph = build(sentences_of([5, 1, 9, 3]))
    assert torch.equal(graph.sentence_index[graph.src], graph.sentence_index[graph.dst])


def test_a_batch_is_its_sentences_side_by_side() -> None:
    sentences = sentences_of([3, 1, 6])
    batch = build(sentences)
    for b, sentence in enumerate(sentences):
        alone = build([sentence])
        mine = batch.sentence_index[batch.src] == b
        assert torch.equal(batch.src[mine] - batch.offsets[b], alone.src)
        assert torch.equal(batch.dst[mine] - batch.offsets[b], alone.dst)
        assert torch.equal(batch.relation[mine], alone.relation)


@pytest.mark.parametrize("kinds", [(), (SELF,)])
def test_trees_are_not_asked_for_where_no_kind_needs_them(kinds: tuple[str, ...]) -> None:
    graph = TokenGraph.build([2, 1], EdgeInventory(kinds, RELATIONS))
    assert graph.num_nodes == 3
    assert graph.num_edges == 3 * len(kinds)
    assert graph.in_degrees.tolist() == [len(kinds)] * 3


def test_moving_takes_the_edges_and_leaves_the_offsets_on_the_cpu() -> None:
    graph = build(sentences_of([3, 2]))
    graph = replace(graph, weight=torch.rand(graph.num_edges))
    moved = graph.to("meta")
    assert moved.device.type == "meta"
    assert moved.weight is not None
    assert {moved.dst.device.type, moved.relation.device.type} == {"meta"}
    assert {moved.direction.device.type, moved.weight.device.type} == {"meta"}
    assert moved.offsets.device.type == "cpu"
    assert graph.device.type == "cpu"


@needs_dgl
@pytest.mark.parametrize("lengths", LENGTHS[:-1])
@pytest.mark.parametrize("kinds", [(), (SELF,), EDGE_KINDS])
def test_dgl_view_has_the_edges_in_order_and_the_data(
    lengths: list[int], kinds: tuple[str, ...]
) -> None:
    graph = build(sentences_of(lengths), kinds)
    graph = replace(graph, weight=torch.rand(graph.num_edges))
    view = graph.to_dgl()
    src, dst = view.edges(order="eid")
    assert torch.equal(src, graph.src)
    assert torch.equal(dst, graph.dst)
    assert view.num_nodes() == graph.num_nodes
    assert set(view.ndata) == {"token", "sentence"}
    assert view.ndata["token"].tolist() == [i for length in lengths for i in range(length)]
    assert torch.equal(view.ndata["sentence"], graph.sentence_index)
    assert set(view.edata) == {"relation", "direction", "weight"}
    assert torch.equal(view.edata["relation"], graph.relation)
    assert torch.equal(view.edata["direction"], graph.direction)
    assert torch.equal(view.edata["weight"], graph.weight)


@needs_dgl
def test_dgl_view_belongs_to_the_caller() -> None:
    graph = build(sentences_of([4, 2]))
    view = graph.to_dgl()
    assert "weight" not in view.edata
    view.add_edges(0, 1)
    view.ndata["mine"] = torch.zeros(6)
    assert graph.structure.num_edges() == graph.num_edges
    assert not graph.structure.ndata
    assert set(graph.to_dgl().ndata) == {"token", "sentence"}


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kinds", [(), (SELF,), EDGE_KINDS])
def test_networkx_view_has_nodes_edges_and_names(
    lengths: list[int], kinds: tuple[str, ...]
) -> None:
    sentences = sentences_of(lengths)
    graph = build(sentences, kinds)
    view = graph.to_networkx([s.replace(entities=()) for s in sentences])
    assert list(view.nodes(data=True)) == [
        (first + i, {"sentence": b, "position": i, "token": token})
        for b, (first, sentence) in enumerate(zip(graph.offsets.tolist(), sentences, strict=False))
        for i, token in enumerate(sentence.tokens)
    ]
    found = [(s, d, data["relation"], data["direction"]) for s, d, data in view.edges(data=True)]
    assert sorted(found) == sorted(edges_by_hand(sentences, kinds))
    assert all(set(data) == {"relation", "direction"} for *_, data in view.edges(data=True))


def test_networkx_view_carries_weights_as_plain_numbers() -> None:
    graph = build(sentences_of([3]), (HEAD_DEPENDENT,))
    graph = replace(graph, weight=torch.tensor([0.25, 0.5]))
    view = graph.to_networkx()
    weights = {(s, d): data["weight"] for s, d, data in view.edges(data=True)}
    edges = zip(graph.src.tolist(), graph.dst.tolist(), strict=True)
    assert weights == dict(zip(edges, [0.25, 0.5], strict=True))
    assert all(set(data) == {"sentence", "position"} for _, data in view.nodes(data=True))
    assert {type(weight) for weight in weights.values()} == {float}


def test_the_edges_of_each_kind() -> None:
    graph = replace(build(sentences_of([4, 1, 7])), weight=torch.rand(30))
    assert graph.kind_sizes == [9, 9, 12]
    start = 0
    for kind, part in enumerate(graph.by_kind):
        rows = slice(start, start + graph.kind_sizes[kind])
        assert (part.direction == kind).all()
        for name in ("src", "dst", "relation", "weight"):
            assert torch.equal(getattr(part, name), getattr(graph, name)[rows])
        assert part.num_nodes == graph.num_nodes
        start += graph.kind_sizes[kind]
    assert start == graph.num_edges


def test_positions_and_distances_are_counted_within_the_sentence() -> None:
    graph = build(sentences_of([4, 1, 7]))
    assert graph.position.tolist() == [0, 1, 2, 3, 0, 0, 1, 2, 3, 4, 5, 6]
    assert torch.equal(graph.distance, graph.src - graph.dst)


def test_degrees_and_relation_counts() -> None:
    graph = build(sentences_of([4, 1, 7]))
    ends = list(zip(graph.dst.tolist(), graph.relation.tolist(), strict=True))
    assert graph.relation_counts.tolist() == [ends.count(pair) for pair in ends]
    sources = graph.src.tolist()
    assert graph.out_degrees.tolist() == [sources.count(node) for node in range(12)]


def test_networkx_view_names_entities() -> None:
    entities = [Entity(0, 3, "ORG"), Entity(1, 3, "LOC"), Entity(1, 2, "PER"), Entity(3, 4, "LOC")]
    plain = random_sentence(random.Random(0), 5)
    graph = build([plain])
    view = graph.to_networkx([plain.replace(entities=entities)])
    found = [data.get("entity") for _, data in view.nodes(data=True)]
    assert found == ["ORG", "ORG|LOC|PER", "ORG|LOC", "LOC", None]
    again = nx.parse_graphml("\n".join(nx.generate_graphml(view)), force_multigraph=True)
    assert again.nodes["1"]["entity"] == "ORG|LOC|PER"


@pytest.mark.parametrize("kinds", [EDGE_KINDS, ARCS_TOO, ARCS_TOO[::-1], (SELF, HEAD_DEPENDENT)])
def test_other_arcs_take_the_place_of_those_of_the_trees(kinds: tuple[str, ...]) -> None:
    sentences = sentences_of([4, 1, 7])
    graph = build(sentences, kinds)
    other = [s.replace(heads=list(range(-1, len(s) - 1))) for s in sentences]
    wanted = build(other, kinds)
    arcs = wanted.by_kind[kinds.index(HEAD_DEPENDENT)]
    relations = arcs.relation - wanted.inventory.first_relation(HEAD_DEPENDENT)
    weight = torch.rand(arcs.num_edges)

    found = graph.with_arcs(Arcs(arcs.src, arcs.dst, relations, weight))

    for kind, part, before, after in zip(
        kinds, found.by_kind, graph.by_kind, wanted.by_kind, strict=True
    ):
        exchanged = kind in ARC_KINDS
        for name in ("src", "dst", "relation", "direction"):
            assert torch.equal(getattr(part, name), getattr(after if exchanged else before, name))
        assert part.weight is not None
        assert torch.equal(part.weight, weight if exchanged else torch.ones(part.num_edges))
    heavy = replace(graph, weight=torch.full((graph.num_edges,), 3.0))
    kept = heavy.with_arcs(Arcs(arcs.src, arcs.dst, relations, weight)).by_kind
    assert kept[kinds.index(SELF)].weight.unique().tolist() == [3.0]
