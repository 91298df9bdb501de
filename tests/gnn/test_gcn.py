"""GCN against its equation, node by node, and what holds for every layer of its kind."""

import random
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

from synner_graph.gnn.gcn import GCN
from synner_graph.graph.backends import GraphBackend, graph_backend
from synner_graph.graph.edges import DEPENDENT_HEAD, EDGE_KINDS, SELF, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from tests.fixtures import random_heads

INPUT, OUTPUT = 5, 3
LENGTHS = [4, 1, 7]
needs_dgl = pytest.mark.skipif(find_spec("dgl") is None, reason="DGL is not installed")


@pytest.fixture(params=["torch", pytest.param("dgl", marks=needs_dgl)])
def backend(request: pytest.FixtureRequest) -> GraphBackend:
    return graph_backend(request.param)


def trees(lengths: list[int], kinds: tuple[str, ...] = EDGE_KINDS) -> TokenGraph:
    draw = random.Random(5)
    heads = [random_heads(draw, length) for length in lengths]
    relations = [[draw.randrange(2) for _ in range(length)] for length in lengths]
    return TokenGraph.build(lengths, EdgeInventory(kinds, ("nsubj", "obj")), heads, relations)


def layer(backend: GraphBackend) -> GCN:
    return GCN(INPUT, OUTPUT, num_relations=5, backend=backend)


def by_hand(graph: TokenGraph, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """g_v = ReLU(W (x_v + sum of neighbors) / (degree_v + 1) + b), the self edge being x_v."""
    rows = []
    for node in range(graph.num_nodes):
        sources = [int(s) for s, d in zip(graph.src, graph.dst, strict=True) if d == node]
        total = torch.zeros(x.shape[1])
        for source in sources:
            total = total + x[source]
        rows.append(torch.relu(weight @ (total / max(len(sources), 1)) + bias))
    return torch.stack(rows)


@pytest.mark.parametrize("kinds", [EDGE_KINDS, (SELF,), (DEPENDENT_HEAD,), ()])
def test_equals_the_equation(backend: GraphBackend, kinds: tuple[str, ...]) -> None:
    graph, gcn, x = trees(LENGTHS, kinds), layer(backend), torch.randn(12, INPUT)
    expected = by_hand(graph, x, gcn.linear.weight, gcn.linear.bias)
    torch.testing.assert_close(gcn(graph, x), expected)


def test_a_lone_token_is_its_own_neighborhood(backend: GraphBackend) -> None:
    gcn, x = layer(backend), torch.randn(1, INPUT)
    torch.testing.assert_close(gcn(trees([1]), x), gcn.linear(x).relu())


@needs_dgl
def test_backends_agree_in_outputs_and_gradients() -> None:
    graph, first = trees(LENGTHS), layer(graph_backend("torch"))
    second = layer(graph_backend("dgl"))
    second.load_state_dict(first.state_dict())
    upstream = torch.randn(12, OUTPUT)
    results = []
    x = torch.randn(12, INPUT)
    for gcn in (first, second):
        mine = x.clone().requires_grad_()
        found = gcn(graph, mine)
        gradients = torch.autograd.grad(found, [mine, *gcn.parameters()], upstream)
        results.append((found, *gradients))
    torch.testing.assert_close(results[1], results[0])


def test_a_batch_gives_what_its_sentences_give_alone(backend: GraphBackend) -> None:
    draw = random.Random(5)
    heads = [random_heads(draw, length) for length in LENGTHS]
    inventory = EdgeInventory(EDGE_KINDS, ("dep",))
    gcn, x = layer(backend), torch.randn(12, INPUT)

    def run(rows: list[list[int]], x: Tensor) -> Tensor:
        lengths = [len(row) for row in rows]
        zeros = [[0] * length for length in lengths]
        found: Tensor = gcn(TokenGraph.build(lengths, inventory, rows, zeros), x)
        return found

    alone = [run([row], part) for row, part in zip(heads, x.split(LENGTHS), strict=True)]
    torch.testing.assert_close(run(heads, x), torch.cat(alone))


def test_renumbering_the_nodes_renumbers_the_output(backend: GraphBackend) -> None:
    graph, gcn, x = trees([9]), layer(backend), torch.randn(9, INPUT)
    new_number = torch.randperm(9)
    renumbered = replace(graph, src=new_number[graph.src], dst=new_number[graph.dst])
    moved = torch.empty_like(x)
    moved[new_number] = x
    torch.testing.assert_close(gcn(renumbered, moved)[new_number], gcn(graph, x))


def test_the_gradient_reaches_every_parameter_and_input(backend: GraphBackend) -> None:
    graph, gcn = trees(LENGTHS), layer(backend)
    x = torch.randn(12, INPUT, requires_grad=True)
    gcn(graph, x).sum().backward()
    for name, tensor in [("x", x), *gcn.named_parameters()]:
        assert tensor.grad is not None, name
        assert tensor.grad.isfinite().all(), name
        assert tensor.grad.any(), name


def test_relations_are_not_read(backend: GraphBackend) -> None:
    graph, gcn, x = trees(LENGTHS), layer(backend), torch.randn(12, INPUT)
    other = replace(graph, relation=torch.randint(5, graph.relation.shape))
    assert not torch.equal(graph.relation, other.relation)
    assert torch.equal(gcn(other, x), gcn(graph, x))
