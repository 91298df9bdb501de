"""`sage` against its equation, node by node."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.sage import SAGE
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import check_equation, incoming

REDUCE = {"mean": lambda m: m.mean(0), "sum": lambda m: m.sum(0), "max": lambda m: m.amax(0)}


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
@pytest.mark.parametrize("reduce", REDUCE)
def test_equals_the_equation(backend: str, kinds: tuple[str, ...], reduce: str) -> None:
    def by_hand(layer: SAGE, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
        neighbors = [x[graph.src[edge]] for edge in incoming(graph, node)]
        reduced = REDUCE[reduce](torch.stack(neighbors)) if neighbors else 0 * x[node]
        return torch.relu(layer.root(x[node]) + layer.neighbors.weight @ reduced)

    check_equation("sage", backend, by_hand, kinds, reduce=reduce)
