"""`syntactic-gcn` against its equation, node by node."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.syntactic_gcn import SyntacticGCN
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import OUTPUT, check_equation, incoming


def by_hand(layer: SyntacticGCN, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    total = torch.zeros(OUTPUT)
    for edge in incoming(graph, node):
        u, kind, relation = graph.src[edge], int(graph.direction[edge]), graph.relation[edge]
        gate = torch.sigmoid(layer.gate.weight[kind] @ x[u] + layer.gate_bias[relation])
        total = total + gate * (layer.linears[kind].weight @ x[u] + layer.bias[relation])
    return torch.relu(total)


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,), ("2-hop", "self", "next-token")])
def test_equals_the_equation(backend: str, kinds: tuple[str, ...]) -> None:
    check_equation("syntactic-gcn", backend, by_hand, kinds)
