"""`gatv2` against its equation, node by node and head by head."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.gnn.gatv2 import GATv2
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import OUTPUT, check_equation, incoming


def by_hand(layer: GATv2, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    edges = incoming(graph, node)
    if not edges:
        return F.elu(layer.bias)
    size = OUTPUT // len(layer.score)
    rows = []
    for head, a in enumerate(layer.score):
        own = slice(head * size, (head + 1) * size)
        source, target = layer.source.weight[own], layer.target.weight[own]
        scores, values = [], []
        for edge in edges:
            value = source @ x[graph.src[edge]]
            joined = value + target @ x[node] + layer.relation[graph.relation[edge], own]
            scores.append(a @ F.leaky_relu(joined, layer.slope))
            values.append(value)
        rows.append(torch.stack(scores).softmax(0) @ torch.stack(values))
    return F.elu(torch.cat(rows) + layer.bias)


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
@pytest.mark.parametrize("options", [{}, {"heads": 2, "slope": 0.5}, {"heads": 1}])
def test_equals_the_equation(
    backend: str, kinds: tuple[str, ...], options: dict[str, float]
) -> None:
    check_equation("gatv2", backend, by_hand, kinds, **options)
