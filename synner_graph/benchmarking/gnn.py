"""Every GNN layer beside `gcn`, on a batch of 32 random trees of real lengths."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from synner_graph.benchmarking.timing import interleaved, threads
from synner_graph.data.sentence import ROOT
from synner_graph.gnn import LAYERS, GraphLayer
from synner_graph.graph.backends import graph_backend
from synner_graph.graph.edges import EDGE_KINDS, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

LENGTHS = (
    # Of 32 sentences, distributed as those of UNER-EWT: mean 17, most 60.
    *(1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14),
    *(15, 15, 16, 17, 18, 19, 20, 21, 22, 24, 26, 28, 32, 42, 52, 60),
)
RELATIONS = 50
INPUT = 444  # MiniLM with orthographic features
OUTPUT = 200
BASELINE = "gcn"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One layer.

    Attributes:
        layer: its name.
        reads_relations: whether it is typed.
        milliseconds: median of forward and backward.
        ratio: that of `gcn` is 1; more is slower.
    """

    layer: str
    reads_relations: bool
    milliseconds: float
    ratio: float


def measure_layers(backend: str, rounds: int, num_threads: int) -> list[Measurement]:
    """Forward and backward of every registered layer at its default options."""
    graph = _random_trees()
    chosen = graph_backend(backend)
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(graph.num_nodes, INPUT, generator=draw, requires_grad=True)
    upstream = torch.randn(graph.num_nodes, OUTPUT, generator=draw)

    def contestant(layer: GraphLayer) -> Callable[[], object]:
        inputs = [x, *layer.parameters()]
        # A graph without what the layer before has left behind in it.
        return lambda: torch.autograd.grad(layer(replace(graph), x), inputs, upstream)

    with threads(num_threads):
        contestants = {
            name: contestant(kind.build(INPUT, OUTPUT, graph.inventory, chosen, {}))
            for name, kind in LAYERS.items()
        }
        seconds = interleaved(contestants, rounds)
    return [
        Measurement(name, LAYERS[name].reads_relations, 1000 * s, s / seconds[BASELINE])
        for name, s in seconds.items()
    ]


def to_json(measurements: Sequence[Measurement], backend: str, num_threads: int) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "threads": num_threads,
        "torch": torch.__version__,
        "graph_backend": graph_backend(backend).name,
        "lengths": list(LENGTHS),
        "relations": RELATIONS,
        "widths": [INPUT, OUTPUT],
        "baseline": BASELINE,
        "measurements": [asdict(measurement) for measurement in measurements],
    }


def _random_trees() -> TokenGraph:
    """Each token hangs on one before it, most often on a near one."""
    draw = random.Random(0)
    heads = [
        [ROOT, *(max(0, token - 1 - int(draw.expovariate(0.5))) for token in range(1, length))]
        for length in LENGTHS
    ]
    relations = [[draw.randrange(RELATIONS) for _ in row] for row in heads]
    inventory = EdgeInventory(EDGE_KINDS, tuple(f"r{i}" for i in range(RELATIONS)))
    return TokenGraph.build(LENGTHS, inventory, heads, relations)
