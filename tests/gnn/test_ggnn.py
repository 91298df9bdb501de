"""`ggnn` against its equations, node by node and step by step."""

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.ggnn import GGNN
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import INPUT, OUTPUT, check_equation, incoming


def gru(layer: GGNN, message: Tensor, state: Tensor) -> Tensor:
    cell = layer.cell
    reads = (cell.weight_ih @ message + cell.bias_ih).chunk(3)
    keeps = (cell.weight_hh @ state + cell.bias_hh).chunk(3)
    reset, update = (torch.sigmoid(a + b) for a, b in zip(reads[:2], keeps[:2], strict=True))
    candidate = torch.tanh(reads[2] + reset * keeps[2])
    return (1 - update) * candidate + update * state


def by_hand(layer: GGNN, graph: TokenGraph, x: Tensor, node: int) -> Tensor:
    states = [layer.start(row) for row in x]
    for _ in range(layer.steps):
        before = states
        states = []
        for v in range(graph.num_nodes):
            message = torch.zeros(OUTPUT)
            for e in incoming(graph, v):
                weight = layer.linears[int(graph.direction[e])].weight
                message = message + weight @ before[int(graph.src[e])]
            states.append(gru(layer, message, before[v]))
    return states[node]


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (HEAD_DEPENDENT,)])
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("input_size", [INPUT, OUTPUT])
def test_equals_the_equation(
    backend: str, kinds: tuple[str, ...], steps: int, input_size: int
) -> None:
    check_equation("ggnn", backend, by_hand, kinds, (input_size, OUTPUT), steps=steps)
