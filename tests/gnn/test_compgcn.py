"""`compgcn` against its equation, node by node."""

import pytest
from torch import Tensor

from synner_graph.gnn.compgcn import CompGCN
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import check_equation, incoming


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
@pytest.mark.parametrize("composition", ["multiply", "subtract"])
def test_equals_the_equation(backend: str, kinds: tuple[str, ...], composition: str) -> None:
    def by_hand(layer: CompGCN, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
        total = layer.bias
        for edge in incoming(graph, node):
            u, e = x[graph.src[edge]], layer.relation[graph.relation[edge]]
            message = u * e if composition == "multiply" else u - e
            total = total + layer.linears[int(graph.direction[edge])].weight @ message
        return total.relu()

    check_equation("compgcn", backend, by_hand, kinds, composition=composition)
