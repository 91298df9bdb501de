"""`rgcn` against its equation, node by node, with the matrix of every relation written out."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.rgcn import RGCN
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import check_equation, incoming


def by_hand(layer: RGCN, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    matrices = [
        sum(a * basis.weight for a, basis in zip(row, layer.bases, strict=True))
        for row in layer.coefficients
    ]
    edges = incoming(graph, node)
    relations = [int(graph.relation[edge]) for edge in edges]
    total = layer.root(x[node])
    for edge, relation in zip(edges, relations, strict=True):
        message = matrices[relation] @ x[graph.src[edge]]
        total = total + message / relations.count(relation)
    return torch.relu(total)


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,), ("dependent-head",)])
@pytest.mark.parametrize("bases", [1, 3])
def test_equals_the_equation(backend: str, kinds: tuple[str, ...], bases: int) -> None:
    check_equation("rgcn", backend, by_hand, kinds, bases=bases)
