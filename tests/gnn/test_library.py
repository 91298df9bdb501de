"""Layers of DGL by dotted name; PyTorch Geometric's calling convention on a stand-in."""

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from synner_graph.config import GNNConfig
from synner_graph.errors import InputError
from synner_graph.gnn import GNN, build_gnn, layer_class
from synner_graph.graph.backends import graph_backend
from synner_graph.graph.edges import EDGE_KINDS, HEAD_DEPENDENT
from tests.gnn.layers import INPUT, LENGTHS, OUTPUT, inventory, needs_dgl, trees

NODES = sum(LENGTHS)


def build(
    name: str, backend: str, kinds: tuple[str, ...] = EDGE_KINDS, **options: Any
) -> tuple[Any, Tensor]:
    """The layer and what it gives, under seed 0."""
    torch.manual_seed(0)
    known = inventory(kinds)
    layer = layer_class(name)(INPUT, OUTPUT, known, graph_backend(backend), **options)
    return layer, torch.randn(NODES, INPUT)


@needs_dgl
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SAGEConv", {"aggregator_type": "mean"}),
        ("SAGEConv", {"aggregator_type": "pool", "feat_drop": 0.0}),
        ("GraphConv", {"norm": "both"}),
        ("GATConv", {"num_heads": 3}),
        ("GATv2Conv", {"num_heads": 1}),
    ],
)
def test_dgl_layers_give_what_they_give(name: str, options: dict[str, Any]) -> None:
    import dgl.nn

    layer, x = build(f"dgl.nn.{name}", "dgl", **options)
    oracle = getattr(dgl.nn, name)(INPUT, OUTPUT, **options)
    oracle.load_state_dict(layer.inner.state_dict())
    graph = trees()
    expected = oracle(dgl.graph((graph.src, graph.dst), num_nodes=NODES), x).flatten(1)
    found = layer(graph, x)
    assert found.shape == (NODES, layer.output_size)
    torch.testing.assert_close(found, expected)


@needs_dgl
def test_dgl_layers_with_relations_get_them() -> None:
    import dgl.nn

    layer, x = build("dgl.nn.RelGraphConv", "dgl", regularizer="basis", num_bases=2)
    graph = trees()
    relations = len(graph.inventory.relation_types)
    oracle = dgl.nn.RelGraphConv(INPUT, OUTPUT, relations, regularizer="basis", num_bases=2)
    oracle.load_state_dict(layer.inner.state_dict())
    structure = dgl.graph((graph.src, graph.dst), num_nodes=NODES)
    torch.testing.assert_close(layer(graph, x), oracle(structure, x, graph.relation))


@needs_dgl
def test_heads_widen_what_the_next_layer_reads() -> None:
    config = GNNConfig(name="dgl.nn.GATConv", size=5, layers=3, options={"num_heads": 2})
    gnn = build_gnn(config, INPUT, inventory(), graph_backend("dgl"), needs_graph=True)
    assert isinstance(gnn, GNN)
    assert gnn.output_size == 10
    assert gnn(trees(), torch.randn(NODES, INPUT)).shape == (NODES, 10)
    assert gnn.training and all(module.training for module in gnn.modules())


@needs_dgl
@pytest.mark.parametrize(
    ("name", "backend", "kinds", "options", "message"),
    [
        ("dgl.nn.SAGEConv", "torch", EDGE_KINDS, {}, "needs the dgl graph backend, got torch"),
        ("dgl.nn.SAGEConv", "dgl", EDGE_KINDS, {}, "cannot be built.*aggregator_type"),
        ("dgl.nn.SAGEConv", "dgl", EDGE_KINDS, {"heads": 2}, "cannot be built.*heads"),
        ("dgl.nn.GraphConv", "dgl", (HEAD_DEPENDENT,), {}, "does not run on these graphs.*0-in-"),
        ("dgl.nn.SageConv", "dgl", EDGE_KINDS, {}, r"no GNN layer 'dgl\.nn\.SageConv'"),
        ("dgl.sampling.random_walk", "dgl", EDGE_KINDS, {}, "expected a layer"),
        ("torch.nn.Linear", "dgl", EDGE_KINDS, {}, "a GNN layer of dgl or torch_geometric"),
    ],
)
def test_what_cannot_be_is_refused(
    name: str, backend: str, kinds: tuple[str, ...], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build(name, backend, kinds, **options)


class RGCNConv(nn.Module):
    """Reads its arguments as PyTorch Geometric's layer of that name does."""

    def __init__(self, in_channels: int, out_channels: int, num_relations: int, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(in_channels, out_channels, bias)
        self.relation = nn.Parameter(torch.randn(num_relations, out_channels))

    def forward(self, x: Tensor, edge_index: Tensor, edge_type: Tensor) -> Tensor:
        messages = self.linear(x)[edge_index[0]] + self.relation[edge_type]
        return torch.zeros(len(x), messages.shape[1]).index_add(0, edge_index[1], messages)


@pytest.fixture
def geometric(monkeypatch: pytest.MonkeyPatch) -> None:
    """`torch_geometric.nn` with one layer."""
    library, layers = ModuleType("torch_geometric"), ModuleType("torch_geometric.nn")
    layers.RGCNConv = RGCNConv  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_geometric", library)
    monkeypatch.setitem(sys.modules, "torch_geometric.nn", layers)


@pytest.mark.usefixtures("geometric")
def test_pytorch_geometric_is_called_its_own_way() -> None:
    layer, x = build("torch_geometric.nn.RGCNConv", "torch", bias=False)
    graph = trees()
    assert layer.inner.linear.bias is None
    assert len(layer.inner.relation) == len(graph.inventory.relation_types)
    expected = layer.inner(x, torch.stack([graph.src, graph.dst]), graph.relation)
    torch.testing.assert_close(layer(graph, x), expected)


def test_without_pytorch_geometric_its_layers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    with pytest.raises(InputError, match=r"no GNN layer 'torch_geometric\.nn\.SAGEConv' here"):
        layer_class("torch_geometric.nn.SAGEConv")
