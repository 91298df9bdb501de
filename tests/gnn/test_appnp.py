"""`appnp` against its equation, with the propagation matrix written out."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.appnp import APPNP
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import check_equation


def by_hand(layer: APPNP, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    matrix = torch.zeros(graph.num_nodes, graph.num_nodes)
    for u, v in zip(graph.src.tolist(), graph.dst.tolist(), strict=True):
        matrix[v, u] += 1
    incoming, outgoing = matrix.sum(1), matrix.sum(0)
    matrix = matrix / (incoming[:, None] * outgoing).clamp(min=1).sqrt()
    start = z = torch.relu(layer.linear(x))
    for _ in range(layer.steps):
        z = (1 - layer.teleport) * matrix @ z + layer.teleport * start
    return z[node]


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
@pytest.mark.parametrize("options", [{}, {"steps": 1, "teleport": 0.4}])
def test_equals_the_equation(
    backend: str, kinds: tuple[str, ...], options: dict[str, float]
) -> None:
    check_equation("appnp", backend, by_hand, kinds, **options)
