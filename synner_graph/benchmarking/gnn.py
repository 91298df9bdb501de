"""Every GNN layer beside `gcn`, on a batch of 32 random trees, and on one of four documents."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from synner_graph.benchmarking.timing import interleaved, threads
from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import Gazetteer, Match
from synner_graph.data.sentence import ROOT
from synner_graph.gnn import LAYERS, GraphLayer
from synner_graph.graph.backends import graph_backend
from synner_graph.graph.edges import (
    DOCUMENT_KINDS,
    EDGE_KINDS,
    DocumentContext,
    EdgeInventory,
)
from synner_graph.graph.kinds.gazetteer import Mentions
from synner_graph.graph.token_graph import TokenGraph

LENGTHS = (
    # Of 32 sentences, distributed as those of UNER-EWT: mean 17, most 60.
    *(1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14),
    *(15, 15, 16, 17, 18, 19, 20, 21, 22, 24, 26, 28, 32, 42, 52, 60),
)
RELATIONS = 50
DOCUMENTS = 4
INPUT = 444  # MiniLM with orthographic features
OUTPUT = 200
BASELINE = "gcn"


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measurement of one layer.

    Attributes:
        layer: Its name.
        reads_relations: Whether it is typed.
        milliseconds: Median of forward and backward.
        ratio: That of `gcn` is 1; more is slower.
        document_milliseconds: The same on four documents, with all edges that join sentences.
    """

    layer: str
    reads_relations: bool
    milliseconds: float
    ratio: float
    document_milliseconds: float


def measure_layers(backend: str, rounds: int, num_threads: int) -> list[Measurement]:
    """Measure forward and backward of every registered layer with default options."""
    graphs = {"trees": random_trees(), "documents": random_documents()}
    chosen = graph_backend(backend)

    def contestant(kind: type[GraphLayer], graph: TokenGraph) -> Callable[[], object]:
        draw = torch.Generator().manual_seed(0)
        x = torch.randn(graph.num_nodes, INPUT, generator=draw, requires_grad=True)
        upstream = torch.randn(graph.num_nodes, OUTPUT, generator=draw)
        options = {name: field.default for name, field in kind.Options.model_fields.items()}
        layer = kind(INPUT, OUTPUT, graph.inventory, chosen, **options)
        inputs = [x, *layer.parameters()]
        # A graph without what the layer before has left behind in it.
        return lambda: torch.autograd.grad(layer(replace(graph), x), inputs, upstream)

    with threads(num_threads):
        contestants = {
            f"{name} {which}": contestant(kind, graph)
            for name, kind in LAYERS.items()
            for which, graph in graphs.items()
        }
        seconds = interleaved(contestants, rounds)
    return [
        Measurement(
            name,
            kind.reads_relations,
            1000 * seconds[f"{name} trees"],
            seconds[f"{name} trees"] / seconds[f"{BASELINE} trees"],
            1000 * seconds[f"{name} documents"],
        )
        for name, kind in LAYERS.items()
    ]


def to_json(measurements: Sequence[Measurement], backend: str, num_threads: int) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "threads": num_threads,
        "torch": torch.__version__,
        "graph_backend": graph_backend(backend).name,
        "lengths": list(LENGTHS),
        "relations": RELATIONS,
        "edges": random_trees().num_edges,
        "document_edges": random_documents().num_edges,
        "widths": [INPUT, OUTPUT],
        "baseline": BASELINE,
        "measurements": [asdict(measurement) for measurement in measurements],
    }


def random_trees() -> TokenGraph:
    """Draw random trees: each token hangs on an earlier one, most often a near one."""
    inventory = EdgeInventory(EDGE_KINDS, tuple(f"r{i}" for i in range(RELATIONS)))
    return TokenGraph.build(LENGTHS, inventory, *_trees())


def random_documents() -> TokenGraph:
    """Draw the same trees as DOCUMENTS documents: a tenth of the words and many names repeat."""
    draw = random.Random(1)
    types = [Entry(f"name {i}", f"type {i % 4}", "list") for i in range(20)]
    gazetteer = Gazetteer(types)
    order = draw.sample(LENGTHS, len(LENGTHS))  # long and short sentences in every document
    documents = np.arange(len(order)) * DOCUMENTS // len(order)
    forms = [draw.randrange(10) if draw.random() < 0.1 else -1 for _ in range(sum(order))]
    found = []
    for length in order:
        starts = [start for start in range(length) if draw.random() < 0.05]
        found.append([Match(start, start + 1, draw.randrange(len(types))) for start in starts])
    context = DocumentContext(
        documents, np.array(forms), Mentions.collect(found, gazetteer, order, documents)
    )
    kinds = (*EDGE_KINDS, *DOCUMENT_KINDS)
    relations = tuple(f"r{i}" for i in range(RELATIONS))
    inventory = EdgeInventory(kinds, relations, gazetteer.types)
    return TokenGraph.build(order, inventory, *_trees(order), context)


def _trees(lengths: Sequence[int] | None = None) -> tuple[list[list[int]], list[list[int]]]:
    """Draw heads and relations of random trees, by default of the sizes LENGTHS."""
    draw = random.Random(0)
    heads = [
        [ROOT, *(max(0, token - 1 - int(draw.expovariate(0.5))) for token in range(1, length))]
        for length in (LENGTHS if lengths is None else lengths)
    ]
    return heads, [[draw.randrange(RELATIONS) for _ in row] for row in heads]
