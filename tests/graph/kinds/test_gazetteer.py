"""Entry nodes and their edges, against a loop over matches."""

import random

import numpy as np
import pytest
import torch

from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import Gazetteer, Match
from synner_graph.graph.edges import GAZETTEER, SELF, DocumentContext, EdgeInventory
from synner_graph.graph.kinds.gazetteer import Mentions, positions
from synner_graph.graph.token_graph import TokenGraph

ENTRIES = Gazetteer(
    [Entry("Ann", "PER", "a"), Entry("Rome", "LOC", "b"), Entry("Rome", "PER", "a")]
)


def graph_of(
    found: list[list[Match]], lengths: list[int], documents: list[int], kinds: tuple[str, ...]
) -> TokenGraph:
    mentions = Mentions.collect(found, ENTRIES, lengths, np.array(documents))
    context = DocumentContext(np.array(documents), mentions=mentions)
    inventory = EdgeInventory(kinds, ("a",), ENTRIES.types)
    return TokenGraph.build(lengths, inventory, context=context)


def test_positions() -> None:
    assert [positions(width) for width in (1, 2, 4)] == [[3], [0, 2], [0, 1, 1, 2]]


def test_mentions_of_a_document_meet_at_an_entry() -> None:
    found = [[Match(0, 2, 1)], [Match(1, 2, 1), Match(1, 2, 2)], [Match(0, 1, 1)]]
    graph = graph_of(found, [2, 3, 1], [0, 0, 1], (GAZETTEER, SELF))
    assert (graph.num_tokens, graph.num_entries, graph.num_nodes) == (6, 3, 9)
    assert graph.entry_names == ("Rome", "Rome", "Rome")
    assert graph.entries is not None and graph.entries.tolist() == [1, 0, 1]
    names = graph.inventory.relation_types
    columns = (graph.src.tolist(), graph.dst.tolist(), graph.relation.tolist())
    edges = [(src, dst, names[r]) for src, dst, r in zip(*columns, strict=True)]
    assert edges == [
        (0, 6, "gazetteer b: LOC begin to entry"),
        (1, 6, "gazetteer b: LOC end to entry"),
        (3, 6, "gazetteer b: LOC single to entry"),
        (3, 7, "gazetteer a: PER single to entry"),
        (5, 8, "gazetteer b: LOC single to entry"),
        (6, 0, "gazetteer b: LOC begin from entry"),
        (6, 1, "gazetteer b: LOC end from entry"),
        (6, 3, "gazetteer b: LOC single from entry"),
        (7, 3, "gazetteer a: PER single from entry"),
        (8, 5, "gazetteer b: LOC single from entry"),
        *((node, node, "self") for node in range(9)),
    ]
    assert len(names) == 2 * len(ENTRIES.types) * 4 + 1


@pytest.mark.parametrize("seed", range(8))
def test_edges_equal_a_loop_over_matches(seed: int) -> None:
    draw = random.Random(seed)
    lengths = [draw.randint(1, 5) for _ in range(6)]
    documents = np.cumsum([draw.random() < 0.4 for _ in lengths]).tolist()
    found, expected, nodes, first = [], [], {}, 0
    for length, document in zip(lengths, documents, strict=True):
        spans = [sorted(draw.sample(range(length + 1), 2)) for _ in range(2)]
        matches = sorted({Match(start, end, draw.randrange(3)) for start, end in spans})
        found.append(matches)
        for match in matches:
            node = sum(lengths) + nodes.setdefault((document, match.entry), len(nodes))
            for token in range(match.start, match.end):
                place = "inside"
                if token in (match.start, match.end - 1):
                    place = "begin" if token == match.start else "end"
                if match.end - match.start == 1:
                    place = "single"
                name = f"gazetteer {ENTRIES.entries[match.entry].type} {place}"
                expected.append((first + token, node, f"{name} to entry"))
                expected.append((node, first + token, f"{name} from entry"))
        first += length
    graph = graph_of(found, lengths, documents, (GAZETTEER,))
    names = graph.inventory.relation_types
    columns = (graph.src.tolist(), graph.dst.tolist(), graph.relation.tolist())
    edges = [(src, dst, names[r]) for src, dst, r in zip(*columns, strict=True)]
    assert sorted(edges) == sorted(expected)
    assert graph.num_entries == len(nodes)
    assert graph.in_degrees.shape == (sum(lengths) + len(nodes),)
    assert graph.position.shape == graph.sentence_index.shape == (sum(lengths),)
    assert not graph.distance.any()


def test_views_hold_the_entries() -> None:
    pytest.importorskip("dgl")
    graph = graph_of([[Match(0, 1, 0)], []], [2, 1], [0, 1], (GAZETTEER,))
    view = graph.to_networkx()
    assert view.nodes[3] == {"entry": "Ann", "type": "a: PER"}
    assert view.nodes[2] == {"sentence": 1, "position": 0}
    data = graph.to_dgl().ndata
    assert data["entry"].tolist() == [-1, -1, -1, 0]
    assert data["token"].tolist() == [0, 1, 0, -1]
    assert data["sentence"].tolist() == [0, 0, 1, -1]


def test_without_matches_there_are_no_nodes_and_moving_takes_them_along() -> None:
    graph = graph_of([[], []], [2, 1], [0, 1], (GAZETTEER, SELF))
    assert (graph.num_nodes, graph.num_edges) == (3, 3)
    assert graph.entries is not None and graph.to("meta").entries.device == torch.device("meta")
    assert TokenGraph.build([2], EdgeInventory((SELF,), ())).entries is None
