"""Batched graphs as scenes."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.drawing.batch import OTHER, graph_scene
from synner_graph.drawing.colours import PALETTE
from synner_graph.drawing.scene import Box, Label, Stroke
from synner_graph.graph.edges import DEPENDENT_HEAD, SELF, EdgeInventory
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
