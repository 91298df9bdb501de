"""What holds for every registered layer, on both backends."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from synner_graph.gnn import LAYERS, WeightedLayer
from synner_graph.graph.arcs import Arcs
from synner_graph.graph.backends import graph_backend
from synner_graph.graph.edges import DEPENDENT_HEAD, HEAD_DEPENDENT
from synner_graph.graph.token_graph import TokenGraph
from tests.gnn.layers import (
    ALL_KINDS,
    INPUT,
    LENGTHS,
    OUTPUT,
    build,
    document,
    inventory,
    needs_dgl,
    trees,
)

every_layer = pytest.mark.parametrize("name", LAYERS)
typed_layers = pytest.mark.parametrize("name", [n for n in LAYERS if LAYERS[n].reads_relations])
weighted_layers = pytest.mark.parametrize(
    "name", [n for n in LAYERS if issubclass(LAYERS[n], WeightedLayer)]
)
NODES = sum(LENGTHS)
PLACES = ["torch cpu", pytest.param("dgl cpu", marks=needs_dgl)]
PLACES += ["torch cuda"] * torch.cuda.is_available()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@every_layer
def test_shape_dtype_and_device_are_kept(name: str, place: str, dtype: torch.dtype) -> None:
    backend, device = place.split()
    layer = build(name, graph_backend(backend, device)).to(device, dtype)
    x = torch.randn(NODES, INPUT, dtype=dtype, device=device)
    found = layer(trees().to(device), x)
    assert found.shape == (NODES, OUTPUT)
    assert (layer.output_size, found.dtype, found.device) == (OUTPUT, dtype, x.device)


@every_layer
def test_the_gradient_reaches_every_parameter_and_input(name: str, backend: str) -> None:
    layer, x = build(name, backend), torch.randn(NODES, INPUT, requires_grad=True)
    found = layer(trees(), x)
    found.backward(torch.randn_like(found))
    for which, tensor in [("x", x), *layer.named_parameters()]:
        assert tensor.grad is not None, which
        assert tensor.grad.isfinite().all(), which
        assert tensor.grad.any(), which


@every_layer
def test_renumbering_the_nodes_renumbers_the_output(name: str, backend: str) -> None:
    """Every node takes along what belongs to it: features, edges, and its place in the sentence."""
    graph, layer, x = trees([9]), build(name, backend), torch.randn(9, INPUT)
    new_number = torch.randperm(9)
    moved = replace(graph, src=new_number[graph.src], dst=new_number[graph.dst])
    old_number = new_number.argsort()
    vars(moved)["position"] = graph.position[old_number]
    torch.testing.assert_close(layer(moved, x[old_number])[new_number], layer(graph, x))


@pytest.mark.parametrize("kinds", [(HEAD_DEPENDENT,), (DEPENDENT_HEAD, "2-hop")])
@every_layer
def test_nodes_without_edges(name: str, backend: str, kinds: tuple[str, ...]) -> None:
    """They get what a node gets in a graph without any edge, and their gradient is finite."""
    graph, layer = trees(kinds=kinds), build(name, backend, kinds)
    x = torch.randn(NODES, INPUT, requires_grad=True)
    found = layer(graph, x)
    nothing = graph.src[:0]
    empty = replace(graph, src=nothing, dst=nothing, relation=nothing, direction=nothing)
    alone = layer(empty, x)
    assert found.isfinite().all() and alone.isfinite().all()
    isolated = graph.in_degrees == 0
    assert isolated.any() and not isolated.all()
    torch.testing.assert_close(found[isolated], alone[isolated])
    (gradient,) = torch.autograd.grad(found, x, torch.randn_like(found))
    assert gradient.isfinite().all()


@every_layer
def test_a_batch_gives_what_its_sentences_give_alone(name: str, backend: str) -> None:
    heads = [[1, -1, 1, 2], [-1], [-1, 0, 1, 1, 0, 4, 4]]
    relations = [[1, 0, 2, 1], [0], [2, 1, 1, 0, 2, 2, 1]]
    layer, x = build(name, backend), torch.randn(NODES, INPUT)

    def graph(rows: slice) -> TokenGraph:
        return TokenGraph.build(LENGTHS[rows], inventory(), heads[rows], relations[rows])

    parts = x.split(LENGTHS)
    alone = [layer(graph(slice(b, b + 1)), part) for b, part in enumerate(parts)]
    torch.testing.assert_close(layer(graph(slice(None)), x), torch.cat(alone))


@every_layer
def test_a_batch_gives_what_its_documents_give_alone(name: str, backend: str) -> None:
    whole, layer = document(), build(name, backend, ALL_KINDS)
    x = torch.randn(whole.num_nodes, INPUT)
    found = layer(whole, x)
    entry = whole.num_tokens  # every document has two
    for number, rows in enumerate((slice(0, 3), slice(3, 4), slice(4, 6))):
        first, last = int(whole.offsets[rows.start]), int(whole.offsets[rows.stop])
        behind = range(entry + 2 * number, entry + 2 * number + 2)
        mine = [*range(first, last), *behind]
        torch.testing.assert_close(layer(document(rows), x[mine]), found[mine])


@every_layer
def test_certain_arcs_equal_those_of_the_tree(name: str, backend: str) -> None:
    graph, layer = document(), build(name, backend, ALL_KINDS)
    x = torch.randn(graph.num_nodes, INPUT)
    arcs = graph.by_kind[ALL_KINDS.index(HEAD_DEPENDENT)]
    relations = arcs.relation - graph.inventory.first_relation(HEAD_DEPENDENT)
    certain = Arcs(arcs.src, arcs.dst, relations, torch.ones(arcs.num_edges))
    torch.testing.assert_close(layer(graph.with_arcs(certain), x), layer(graph, x))
    doubtful = replace(certain, weight=torch.full((arcs.num_edges,), 0.5))
    assert not torch.allclose(layer(graph.with_arcs(doubtful), x), layer(graph, x), atol=1e-3)


@needs_dgl
@every_layer
def test_dgl_equals_torch_on_documents(name: str) -> None:
    graph = document()
    first, second = build(name, "torch", ALL_KINDS), build(name, "dgl", ALL_KINDS)
    second.load_state_dict(first.state_dict())
    x, upstream = torch.randn(graph.num_nodes, INPUT), torch.randn(graph.num_nodes, OUTPUT)
    strength = torch.rand(graph.num_edges)
    results = []
    for layer in (first, second):
        mine, weight = x.clone().requires_grad_(), strength.clone().requires_grad_()
        found = layer(replace(graph, weight=weight), mine)
        inputs = [mine, weight, *layer.parameters()]
        results.append((found, *torch.autograd.grad(found, inputs, upstream)))
    torch.testing.assert_close(results[1], results[0])


@needs_dgl
@every_layer
def test_dgl_equals_torch_forward_and_backward(name: str) -> None:
    first, second = build(name, "torch"), build(name, "dgl")
    second.load_state_dict(first.state_dict())
    x, upstream = torch.randn(NODES, INPUT), torch.randn(NODES, OUTPUT)
    results = []
    for layer in (first, second):
        mine = x.clone().requires_grad_()
        found = layer(trees(), mine)
        results.append((found, *torch.autograd.grad(found, [mine, *layer.parameters()], upstream)))
    torch.testing.assert_close(results[1], results[0])


@every_layer
def test_relations_are_read_by_typed_layers_alone(name: str, backend: str) -> None:
    graph, layer, x = trees(), build(name, backend), torch.randn(NODES, INPUT)
    other = replace(graph, relation=graph.relation.roll(1))
    assert torch.equal(layer(other, x), layer(graph, x)) != layer.reads_relations


@typed_layers
def test_relations_are_read_from_the_start(name: str) -> None:
    """A typed layer learns about relations from its first step on."""
    layer = build(name)
    layer(trees(), torch.randn(NODES, INPUT)).sum().backward()
    typed = [p for p in layer.parameters() if p.shape[0] == len(inventory().relation_types)]
    assert typed
    assert all(p.grad is not None and p.grad.any() for p in typed)


@weighted_layers
def test_edge_weights_are_those_of_the_messages(name: str, backend: str) -> None:
    layer, graph, x = build(name, backend), trees(), torch.randn(NODES, INPUT)
    assert isinstance(layer, WeightedLayer)
    weights = layer.edge_weights(graph, x)
    assert weights.dim() == 2 and len(weights) == graph.num_edges
    assert ((weights > 0) & (weights < 1 + 1e-6)).all()
    before = layer(graph, x)
    layer.edge_weights = lambda graph, x: 0 * weights  # type: ignore[method-assign]
    layer._attention = lambda *arguments: 0 * weights  # type: ignore[assignment]
    silent = layer(graph, x)
    assert not torch.equal(silent, before)
    assert torch.equal(silent, silent[:1].expand_as(silent))


class Allocated(TorchDispatchMode):
    """Counts the elements of every tensor that an operation gives."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        self.elements += sum(t.numel() for t in tree_leaves(found) if isinstance(t, Tensor))
        return found


WIDTH = 128


def elements(name: str, backend: str, edges: int, nodes: int = 20) -> int:
    """Elements of all tensors, forward and backward, for random edges among the nodes."""
    layer = build(name, backend, sizes=(WIDTH, WIDTH))
    src, dst = torch.randint(nodes, (2, edges))
    direction = torch.arange(edges) * 3 // edges
    relation = torch.randint(len(inventory().relation_types), (edges,))
    graph = TokenGraph(src, dst, relation, direction, torch.tensor([0, nodes]), inventory())
    x = torch.randn(nodes, WIDTH, requires_grad=True)
    with Allocated() as counter:
        layer(graph, x).sum().backward()
    return counter.elements


@every_layer
def test_the_cost_is_linear_in_edges(name: str, backend: str) -> None:
    few, more, many = (elements(name, backend, edges) for edges in (300, 600, 1200))
    assert many - more == pytest.approx(2 * (more - few), rel=0.05)
    # That an edge holds vectors only: a matrix would alone have WIDTH * WIDTH elements.
    assert (many - more) / 600 < WIDTH * WIDTH


@every_layer
def test_the_cost_is_linear_in_sentences(name: str, backend: str) -> None:
    few, more, many = (elements(name, backend, edges, edges // 3) for edges in (300, 600, 1200))
    assert many - more == pytest.approx(2 * (more - few), rel=0.05)
