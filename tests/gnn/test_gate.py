"""Gates: how much the edges of a relation type count, for every layer."""

from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch

from synner_graph.config import GNNConfig
from synner_graph.errors import InputError
from synner_graph.gnn import GNN, LAYERS, build_gnn
from synner_graph.gnn.gate import START, Gate
from synner_graph.graph.backends import graph_backend
from synner_graph.graph.edges import EDGE_KINDS, GATED_KINDS
from tests.gnn.layers import ALL_KINDS, INPUT, document, inventory, trees

SIZE = 8


def build(name: str, backend: str, kinds: tuple[str, ...] = ALL_KINDS, **settings: object) -> GNN:
    torch.manual_seed(0)
    config = GNNConfig.model_validate(
        {"name": name, "size": SIZE, "dropout": 0.0, "edges": kinds, **settings}
    )
    gnn = build_gnn(config, INPUT, inventory(kinds), graph_backend(backend), needs_graph=True)
    assert isinstance(gnn, GNN)
    return gnn


@pytest.mark.parametrize("name", LAYERS)
def test_an_open_gate_is_no_gate(name: str, backend: str) -> None:
    gated, plain = build(name, backend), build(name, backend, gate=False)
    assert plain.gate is None and isinstance(gated.gate, Gate)
    missing, unexpected = gated.load_state_dict(plain.state_dict(), strict=False)
    assert missing == ["gate.logits"] and not unexpected
    assert plain.entries is not None
    x = torch.randn(document().num_tokens, INPUT)
    assert not torch.allclose(gated(document(), x), plain(document(), x))
    torch.nn.init.constant_(gated.gate.logits, 40.0)
    torch.testing.assert_close(gated(document(), x), plain(document(), x))


@pytest.mark.parametrize("name", LAYERS)
def test_every_gate_learns(name: str, backend: str) -> None:
    gnn, graph = build(name, backend), document()
    g = gnn(graph, torch.randn(graph.num_tokens, INPUT))
    g.backward(torch.randn_like(g))
    assert gnn.gate is not None
    gradient = gnn.gate.logits.grad
    assert gradient is not None and gradient.isfinite().all()
    used = torch.zeros(len(graph.inventory.relation_types), dtype=torch.bool)
    used[graph.relation] = True
    kinds = graph.inventory.kinds
    gated = [k in GATED_KINDS for k in kinds for _ in graph.inventory.types_of(k)]
    assert used[gated].any()
    assert torch.equal(gradient != 0, used[gated])


def test_only_edges_that_no_tree_has_are_gated() -> None:
    graph = document()
    weight = Gate(graph.inventory)(graph).weight
    assert weight is not None
    kinds = [graph.inventory.kinds[i] for i in graph.direction]
    wanted = torch.tensor([START if kind in GATED_KINDS else 1.0 for kind in kinds])
    torch.testing.assert_close(weight, wanted)
    assert 0 < (wanted == 1).sum() < len(wanted)


def test_a_gate_scales_the_weight_that_an_edge_has() -> None:
    graph = document()
    own = torch.rand(graph.num_edges)
    gate = Gate(graph.inventory)
    alone, both = gate(graph).weight, gate(replace(graph, weight=own)).weight
    assert alone is not None and both is not None
    torch.testing.assert_close(both, own * alone)


def test_without_such_edges_there_are_no_gates() -> None:
    assert build("gcn", "torch", EDGE_KINDS).gate is None


@pytest.mark.parametrize("name", LAYERS)
def test_a_message_is_as_strong_as_its_edge(name: str, backend: str) -> None:
    """Twice the strength is twice the message: outputs before an activation are linear in it."""
    layer = build(name, backend, EDGE_KINDS).layers[0]
    graph, x = trees(), torch.randn(trees().num_nodes, INPUT)
    ones = replace(graph, weight=torch.ones(graph.num_edges))
    torch.testing.assert_close(layer(ones, x), layer(graph, x))
    silent = layer(replace(graph, weight=torch.zeros(graph.num_edges)), x)
    nothing = graph.src[:0]
    empty = replace(graph, src=nothing, dst=nothing, relation=nothing, direction=nothing)
    torch.testing.assert_close(silent, layer(empty, x))


@pytest.mark.skipif(find_spec("dgl") is None, reason="DGL is not installed")
def test_layers_of_a_library_cannot_be_gated() -> None:
    with pytest.raises(InputError, match=r"SAGEConv cannot be gated.*--gnn.gate false"):
        build("dgl.nn.SAGEConv", "dgl", aggregator_type="mean")
    build("dgl.nn.SAGEConv", "dgl", aggregator_type="mean", gate=False)
