"""`gcn` against its equation, node by node."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.gcn import GCN
from synner_graph.graph.edges import DEPENDENT_HEAD, EDGE_KINDS, SELF
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import INPUT, build, check_equation, incoming, trees


def by_hand(layer: GCN, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    edges = incoming(graph, node)
    total = sum((x[graph.src[edge]] for edge in edges), start=torch.zeros(INPUT))
    return torch.relu(layer.linear.weight @ (total / max(len(edges), 1)) + layer.linear.bias)


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (SELF,), (DEPENDENT_HEAD,), ()])
def test_equals_the_equation(backend: str, kinds: tuple[str, ...]) -> None:
    check_equation("gcn", backend, by_hand, kinds)


def test_a_lone_token_is_its_own_neighborhood(backend: str) -> None:
    gcn, x = build("gcn", backend), torch.randn(1, INPUT)
    assert isinstance(gcn, GCN)
    torch.testing.assert_close(gcn(trees([1]), x), gcn.linear(x).relu())


def test_saved_runs_find_their_parameters() -> None:
    assert [name for name, _ in build("gcn").named_parameters()] == [
        "linear.weight",
        "linear.bias",
    ]
