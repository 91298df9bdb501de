"""`gin` against its equation, node by node."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.gin import GIN
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import check_equation, incoming


def by_hand(layer: GIN, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    total = (1 + layer.epsilon) * x[node]
    for edge in incoming(graph, node):
        total = total + x[graph.src[edge]]
    return torch.relu(layer.outer(torch.relu(layer.inner(total))))


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
def test_equals_the_equation(backend: str, kinds: tuple[str, ...]) -> None:
    check_equation("gin", backend, by_hand, kinds)
