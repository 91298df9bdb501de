"""`gat` against its equation, node by node and head by head."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.errors import InputError
from synner_graph.gnn.gat import GAT
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import OUTPUT, build, check_equation, incoming


def by_hand(layer: GAT, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    edges = incoming(graph, node)
    if not edges:
        return F.elu(layer.bias)
    size = OUTPUT // len(layer.source)
    rows = []
    for head, (a, b) in enumerate(zip(layer.source, layer.target, strict=True)):
        weight = layer.linear.weight[head * size : (head + 1) * size]
        scores = [a @ (weight @ x[graph.src[e]]) + b @ (weight @ x[node]) for e in edges]
        attention = F.leaky_relu(torch.stack(scores), layer.slope).softmax(0)
        rows.append(
            sum(w * (weight @ x[graph.src[e]]) for w, e in zip(attention, edges, strict=True))
        )
    return F.elu(torch.cat(rows) + layer.bias)


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
@pytest.mark.parametrize("options", [{}, {"heads": 2, "slope": 0.5}, {"heads": 1}])
def test_equals_the_equation(
    backend: str, kinds: tuple[str, ...], options: dict[str, float]
) -> None:
    check_equation("gat", backend, by_hand, kinds, **options)


def test_heads_share_the_width() -> None:
    with pytest.raises(InputError, match="a GNN width that 3 heads can share, got 4"):
        build("gat", heads=3)
