"""Every primitive of every backend against loops over nodes and edges: outputs and gradients."""

from collections.abc import Callable
from importlib.util import find_spec

import pytest
import torch
from torch import Tensor

from synner_graph.graph.backends import GraphBackend, graph_backend
from synner_graph.graph.backends.base import EdgeOp, End, Reduce
from synner_graph.graph.edges import EDGE_KINDS, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

Function = Callable[..., Tensor]
SHAPES = [(), (1,), (3,), (2, 3)]
WEIGHTED = [((), ()), ((3,), ()), ((2, 3), ()), ((2, 3), (2,)), ((2, 3), (1,))]
REDUCTIONS: list[Reduce] = ["sum", "mean", "max"]


PLACES = ["torch cpu", "dgl cpu"] + ["torch cuda"] * torch.cuda.is_available()


@pytest.fixture(params=PLACES)
def backend(request: pytest.FixtureRequest) -> GraphBackend:
    name, device = request.param.split()
    if name == "dgl" and find_spec("dgl") is None:
        pytest.skip("DGL is not installed")
    chosen = graph_backend(name, device)
    chosen.test_device = device  # type: ignore[attr-defined]
    return chosen


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    chosen: torch.dtype = request.param
    return chosen


def graph_of(src: list[int], dst: list[int], nodes: int) -> TokenGraph:
    ends = torch.tensor([src, dst], dtype=torch.int64)
    zeros = torch.zeros(len(src), dtype=torch.int64)
    inventory = EdgeInventory(EDGE_KINDS, ("dep",))
    return TokenGraph(*ends, zeros, zeros, torch.tensor([0, nodes]), inventory)


def random_graph() -> TokenGraph:
    """Nodes 5 and 10 are entered by nothing, node 0 by a single edge; parallel edges occur."""
    targets = [node for node in range(1, 11) if node not in (5, 10)]
    dst = [0, *(targets[i] for i in torch.randint(len(targets), (40,)).tolist())]
    src = torch.randint(11, (41,)).tolist()
    return graph_of(src, dst, 11)


GRAPHS: dict[str, Callable[[], TokenGraph]] = {
    "random": random_graph,
    "no edges": lambda: graph_of([], [], 4),
    "one node": lambda: graph_of([0, 0], [0, 0], 1),
}


@pytest.fixture(params=list(GRAPHS))
def graph(request: pytest.FixtureRequest) -> TokenGraph:
    return GRAPHS[request.param]()


def reduce_by_hand(graph: TokenGraph, m: Tensor, reduce: Reduce) -> Tensor:
    """Node after node; the maximum is the first of the largest messages."""
    rows = []
    for node in range(graph.num_nodes):
        incoming = [m[e] for e in range(graph.num_edges) if graph.dst[e] == node]
        result = incoming[0] if incoming else 0 * m.sum(0)
        for message in incoming[1:]:
            if reduce == "max":
                result = torch.where(message > result, message, result)
            else:
                result = result + message
        rows.append(result / len(incoming) if reduce == "mean" and incoming else result)
    return torch.stack(rows)


def aggregate_by_hand(
    graph: TokenGraph, x: Tensor, weight: Tensor | None = None, reduce: Reduce = "sum"
) -> Tensor:
    messages = []
    for edge, node in enumerate(graph.src.tolist()):
        message = x[node]
        if weight is not None:
            factor = weight[edge]
            message = message * factor.reshape(factor.shape + (1,) * (message.dim() - factor.dim()))
        messages.append(message)
    m = torch.stack(messages) if messages else 0 * x[:0]
    return reduce_by_hand(graph, m, reduce)


def scores_by_hand(graph: TokenGraph, left: Tensor, right: Tensor, op: EdgeOp) -> Tensor:
    rows = []
    for src, dst in zip(graph.src.tolist(), graph.dst.tolist(), strict=True):
        rows.append((left[src] * right[dst]).sum(-1) if op == "dot" else left[src] + right[dst])
    return torch.stack(rows) if rows else (left * right).sum(-1)[:0] if op == "dot" else left[:0]


def softmax_by_hand(graph: TokenGraph, scores: Tensor) -> Tensor:
    rows = []
    for edge, node in enumerate(graph.dst.tolist()):
        rivals = torch.stack([scores[e] for e in range(graph.num_edges) if graph.dst[e] == node])
        rows.append((scores[edge] - rivals.logsumexp(0)).exp())
    return torch.stack(rows) if rows else scores[:0]


def check(
    backend: GraphBackend, graph: TokenGraph, ours: Function, naive: Function, *inputs: Tensor
) -> Tensor:
    """Equal outputs, and equal gradients of all inputs under a random upstream gradient."""
    device = backend.test_device  # type: ignore[attr-defined]
    expected_inputs = [value.clone().requires_grad_() for value in inputs]
    expected = naive(graph, *expected_inputs)
    upstream = torch.randn_like(expected)
    gradients = torch.autograd.grad(expected, expected_inputs, upstream, allow_unused=True)

    found_inputs = [value.clone().to(device).requires_grad_() for value in inputs]
    found = ours(graph.to(device), *found_inputs)
    torch.testing.assert_close(found.cpu(), expected)
    found.backward(upstream.to(device))
    for value, gradient in zip(found_inputs, gradients, strict=True):
        wanted = torch.zeros_like(value) if gradient is None else gradient
        assert value.grad is not None
        torch.testing.assert_close(value.grad.cpu(), wanted.cpu())
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("end", ["src", "dst"])
def test_gather(
    backend: GraphBackend, dtype: torch.dtype, graph: TokenGraph, shape: tuple[int, ...], end: End
) -> None:
    def by_hand(graph: TokenGraph, x: Tensor) -> Tensor:
        nodes = (graph.src if end == "src" else graph.dst).tolist()
        return torch.stack([x[node] for node in nodes]) if nodes else x[:0]

    x = torch.randn(graph.num_nodes, *shape, dtype=dtype)
    check(backend, graph, lambda g, x: backend.gather(g, x, end), by_hand, x)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_aggregate(
    backend: GraphBackend,
    dtype: torch.dtype,
    graph: TokenGraph,
    shape: tuple[int, ...],
    reduce: Reduce,
) -> None:
    check(
        backend,
        graph,
        lambda g, x: backend.aggregate(g, x, reduce=reduce),
        lambda g, x: aggregate_by_hand(g, x, reduce=reduce),
        torch.randn(graph.num_nodes, *shape, dtype=dtype),
    )


@pytest.mark.parametrize(("shape", "heads"), WEIGHTED)
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_weighted_aggregate(
    backend: GraphBackend,
    dtype: torch.dtype,
    graph: TokenGraph,
    shape: tuple[int, ...],
    heads: tuple[int, ...],
    reduce: Reduce,
) -> None:
    check(
        backend,
        graph,
        lambda g, x, w: backend.aggregate(g, x, w, reduce),
        lambda g, x, w: aggregate_by_hand(g, x, w, reduce),
        torch.randn(graph.num_nodes, *shape, dtype=dtype),
        torch.randn(graph.num_edges, *heads, dtype=dtype),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_reduce_edges(
    backend: GraphBackend,
    dtype: torch.dtype,
    graph: TokenGraph,
    shape: tuple[int, ...],
    reduce: Reduce,
) -> None:
    check(
        backend,
        graph,
        lambda g, m: backend.reduce_edges(g, m, reduce),
        lambda g, m: reduce_by_hand(g, m, reduce),
        torch.randn(graph.num_edges, *shape, dtype=dtype),
    )


@pytest.mark.parametrize(
    ("op", "shape"), [("dot", (3,)), ("dot", (1,)), ("dot", (2, 3))] + [("add", s) for s in SHAPES]
)
def test_edge_scores(
    backend: GraphBackend,
    dtype: torch.dtype,
    graph: TokenGraph,
    op: EdgeOp,
    shape: tuple[int, ...],
) -> None:
    check(
        backend,
        graph,
        lambda g, left, right: backend.edge_scores(g, left, right, op),
        lambda g, left, right: scores_by_hand(g, left, right, op),
        torch.randn(graph.num_nodes, *shape, dtype=dtype),
        torch.randn(graph.num_nodes, *shape, dtype=dtype),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_edge_softmax(
    backend: GraphBackend, dtype: torch.dtype, graph: TokenGraph, shape: tuple[int, ...]
) -> None:
    scores = torch.randn(graph.num_edges, *shape, dtype=dtype)
    check(backend, graph, backend.edge_softmax, softmax_by_hand, scores)


def test_edge_softmax_of_huge_scores_is_finite_and_sums_to_one(backend: GraphBackend) -> None:
    graph = random_graph()
    scores = 1e4 * torch.randn(graph.num_edges, 2)
    found = check(backend, graph, backend.edge_softmax, softmax_by_hand, scores).detach().cpu()
    totals = reduce_by_hand(graph, found, "sum")
    entered = (graph.in_degrees > 0).float().unsqueeze(1).expand(-1, 2)
    torch.testing.assert_close(totals, entered)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_of_tied_maxima_goes_to_the_first_edge(
    backend: GraphBackend, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    graph = random_graph()
    few_values = torch.randint(-1, 1, (graph.num_edges, *shape)).to(dtype)
    check(
        backend,
        graph,
        lambda g, m: backend.reduce_edges(g, m, "max"),
        lambda g, m: reduce_by_hand(g, m, "max"),
        few_values,
    )
    check(
        backend,
        graph,
        lambda g, x, w: backend.aggregate(g, x, w, "max"),
        lambda g, x, w: aggregate_by_hand(g, x, w, "max"),
        torch.randint(-1, 1, (graph.num_nodes, *shape)).to(dtype),
        torch.randint(1, 3, (graph.num_edges,)).to(dtype),
    )


def test_three_tied_edges(backend: GraphBackend) -> None:
    device = backend.test_device  # type: ignore[attr-defined]
    graph = graph_of([2, 1, 0], [0, 0, 0], 3).to(device)
    m = torch.ones(3, device=device, requires_grad=True)
    backend.reduce_edges(graph, m, "max").sum().backward()
    assert m.grad is not None
    assert m.grad.tolist() == [1, 0, 0]


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_nodes_that_no_edge_enters_get_zero(backend: GraphBackend, reduce: Reduce) -> None:
    device = backend.test_device  # type: ignore[attr-defined]
    graph = random_graph().to(device)
    x = -1 - torch.rand(graph.num_nodes, 2, device=device)
    m = -1 - torch.rand(graph.num_edges, 2, device=device)
    for found in (
        backend.aggregate(graph, x, reduce=reduce),
        backend.reduce_edges(graph, m, reduce),
    ):
        assert found[[5, 10]].tolist() == [[0, 0], [0, 0]]
        assert (found[0] < 0).all()


def test_views_that_are_not_contiguous_are_read_right(backend: GraphBackend) -> None:
    graph = random_graph()
    x = torch.randn(2, 2 * graph.num_nodes).T[::2]
    m = torch.randn(3, graph.num_edges, 2).transpose(0, 1)

    def everything(pass_on: Function, reduce: Function, scores: Function) -> Function:
        def total(graph: TokenGraph, x: Tensor, m: Tensor) -> Tensor:
            reduced = [pass_on(graph, x, reduce=r).sum() for r in REDUCTIONS]
            reduced += [reduce(graph, m, r).sum() for r in REDUCTIONS]
            return torch.stack([*reduced, scores(graph, x, x.flip(1), "dot").sum()])

        return total

    check(
        backend,
        graph,
        everything(backend.aggregate, backend.reduce_edges, backend.edge_scores),
        everything(aggregate_by_hand, reduce_by_hand, scores_by_hand),
        x,
        m,
    )


def test_backends_live_in_the_module_of_their_name(backend: GraphBackend) -> None:
    assert type(backend).__module__ == f"synner_graph.graph.backends.{backend.name}"
