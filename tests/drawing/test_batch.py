"""Batched graphs as scenes."""

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.drawing import graph_html
from synner_graph.drawing.batch import OTHER, graph_scene
from synner_graph.drawing.colours import PALETTE
from synner_graph.drawing.scene import Box, Label, Stroke
from synner_graph.graph.edges import (
    DEPENDENT_HEAD,
    GAZETTEER,
    SAME_FORM,
    SELF,
    DocumentContext,
    EdgeInventory,
)
from synner_graph.graph.kinds.gazetteer import Mentions
from synner_graph.graph.token_graph import TokenGraph
from tests.drawing.conftest import graph_of
from tests.drawing.test_sentence import extent, of_kind, only
from tests.strategies import sentences

batches = st.lists(sentences(parsed=True, max_size=6), min_size=1, max_size=4)


@given(batches, st.booleans(), st.booleans())
def test_every_node_edge_and_sentence_is_there_once(batch, weighted, named):
    graph = graph_of(batch, weighted=weighted)
    scene = graph_scene(graph.to_networkx(batch if named else None))
    nodes = of_kind(scene, "node")
    assert [group.data["row"] for group in nodes] == list(range(graph.num_nodes))
    arcs = of_kind(scene, "arc")
    found = sorted((g.data["source"], g.data["target"], g.data["direction"]) for g in arcs)
    kinds = graph.inventory.kinds
    assert found == sorted(
        (src, dst, kinds[direction])
        for src, dst, direction in zip(
            graph.src.tolist(), graph.dst.tolist(), graph.direction.tolist(), strict=True
        )
    )
    boundaries = [(g.data["first"], g.data["last"] + 1) for g in of_kind(scene, "sentence")]
    offsets = graph.offsets.tolist()
    assert boundaries == list(pairwise(offsets))


@given(batches)
def test_arcs_stay_in_their_sentence_and_levels_apart(batch):
    scene = graph_scene(graph_of(batch).to_networkx(batch))
    boxes = [(g.data["first"], g.data["last"], only(g, Box)) for g in of_kind(scene, "sentence")]
    for (_, _, one), (_, _, other) in combinations(boxes, 2):
        assert one.x + one.width < other.x
    arcs = [g for g in of_kind(scene, "arc") if g.data["direction"] != SELF]
    extents = []
    for group in arcs:
        line = only(group, Stroke)
        left, right, top = extent(line)
        bottom = max(y for _, ends in line.path for _, y in ends)
        (box,) = (b for first, last, b in boxes if first <= group.data["source"] <= last)
        assert box.x < left and right < box.x + box.width
        assert box.y < top and bottom < box.y + box.height
        below = group.data["direction"] == DEPENDENT_HEAD
        extents.append((left, right, (below, round(bottom if below else top, 3))))
    for one, other in combinations(extents, 2):
        assert one[2] != other[2] or one[1] < other[0] or other[1] < one[0]


def test_tokens_and_entities_of_the_sentences():
    batch = [
        Sentence(["Ann", "ran"], [1, ROOT], ["nsubj", "root"], [Entity(0, 1, "PER")]),
        Sentence(["Go"], [ROOT], ["root"]),
    ]
    scene = graph_scene(graph_of(batch).to_networkx(batch))
    nodes = of_kind(scene, "node")
    written = [[s.text for s in group.shapes if isinstance(s, Label)] for group in nodes]
    assert written == [["0", "Ann"], ["1", "ran"], ["2", "Go"]]
    assert [group.data.get("entity") for group in nodes] == ["PER", None, None]


def test_more_relations_than_colours_share_one():
    many = tuple(f"r{i}" for i in range(len(PALETTE) + 3))
    heads = [ROOT, *[0] * len(many)]
    ids = [0, *range(len(many))]
    graph = TokenGraph.build([len(heads)], EdgeInventory((DEPENDENT_HEAD,), many), [heads], [ids])
    scene = graph_scene(graph.to_networkx())
    names = [only(group, Label).text for group in of_kind(scene, "key")]
    assert len(names) == len(PALETTE) + 1 and OTHER in names
    tones = [only(group, Stroke).tone for group in of_kind(scene, "arc")]
    assert len(set(tones)) == len(PALETTE) + 1 and tones.count("line") == 3


def test_nothing_at_all():
    scene = graph_scene(TokenGraph.build([], EdgeInventory((SELF,), ())).to_networkx())
    assert of_kind(scene, "node") == []
    assert scene.width > 0


def test_entries_stand_in_a_box_behind_the_sentences():
    gazetteer = Gazetteer([Entry("Ann", "PER", "names")])
    batch = [Sentence(["Ann", "ran"], document="a"), Sentence(["Ann"], document="a")]
    found = [gazetteer.find(sentence) for sentence in batch]
    documents = np.zeros(2, dtype=np.int64)
    context = DocumentContext(
        documents, np.array([0, -1, 0]), Mentions.collect(found, gazetteer, [2, 1], documents)
    )
    inventory = EdgeInventory((SAME_FORM, GAZETTEER), (), gazetteer.types)
    graph = TokenGraph.build([2, 1], inventory, context=context)
    scene = graph_scene(graph.to_networkx(batch))
    (box,) = of_kind(scene, "entries")
    assert (box.data["first"], box.data["last"]) == (3, 3)
    assert only(box, Label).text == "entries: rows 3\N{EN DASH}3"
    assert len(of_kind(scene, "sentence")) == 2
    arcs = {(g.data["source"], g.data["target"]) for g in of_kind(scene, "arc")}
    assert arcs == {(0, 2), (2, 0), (0, 3), (2, 3), (3, 0), (3, 2)}
    assert scene.caption == "3 tokens of 2 sentences and 1 entries as one graph, 6 edges"
    assert "entries: rows" in graph_html(graph)
