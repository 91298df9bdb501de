"""`graph-transformer` against its equation, node by node and head by head."""

import math

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.graph_transformer import GraphTransformer
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import OUTPUT, check_equation, incoming


def by_hand(layer: GraphTransformer, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    edges = incoming(graph, node)
    size = OUTPUT // layer.heads
    joined = torch.zeros(OUTPUT)
    for head in range(layer.heads):
        own = slice(head * size, (head + 1) * size)
        query = layer.query(x[node])[own]
        scores, values = [], []
        for edge in edges:
            u = int(graph.src[edge])
            distance = max(-layer.max_distance, min(layer.max_distance, u - node))
            score = query @ layer.key(x[u])[own] / math.sqrt(size)
            score = score + layer.relation[graph.relation[edge], head]
            scores.append(score + layer.distance[distance + layer.max_distance, head])
            values.append(layer.value(x[u])[own])
        if edges:
            joined[own] = torch.stack(scores).softmax(0) @ torch.stack(values)
    return torch.relu(layer.output(joined))


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,), ("2-hop", "self", "3-hop")])
@pytest.mark.parametrize("options", [{}, {"heads": 2, "max_distance": 1}])
def test_equals_the_equation(backend: str, kinds: tuple[str, ...], options: dict[str, int]) -> None:
    check_equation("graph-transformer", backend, by_hand, kinds, **options)
