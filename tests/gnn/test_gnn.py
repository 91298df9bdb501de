"""GNNs by name, layers on top of each other, and no GNN at all."""

import pytest
import torch
from torch import Tensor

from synner_graph.config import GNNConfig
from synner_graph.errors import InputError
from synner_graph.gnn import GNN, LAYERS, GraphLayer, NoGNN, build_gnn, layer_class
from synner_graph.gnn.stack import Last
from synner_graph.graph.backends import TorchBackend
from synner_graph.graph.edges import EDGE_KINDS, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

INVENTORY = EdgeInventory(EDGE_KINDS, ("dep",))
GRAPH = TokenGraph.build([3], INVENTORY, [[-1, 0, 0]], [[0, 0, 0]])


class PlusOne(GraphLayer):
    """Reads no graph, so that a stack of them can be followed by eye."""

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        return x + 1


def stack(layers: int, dropout: float) -> GNN:
    rounds = [PlusOne(4, 4, INVENTORY, TorchBackend()) for _ in range(layers)]
    return GNN(rounds, dropout, Last(), 4)


def test_unknown_layer_suggests_the_nearest_and_lists_all() -> None:
    message = r"Unknown GNN layer 'gccn'\. Did you mean 'gcn'\?"
    with pytest.raises(InputError, match=message) as error:
        layer_class("gccn")
    for name in [*LAYERS, "none"]:
        assert name in str(error.value)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("layers", [1, 3])
def test_built_layers_fit_each_other(name: str, layers: int) -> None:
    config = GNNConfig(name=name, layers=layers, size=8)
    gnn = build_gnn(config, 4, INVENTORY, TorchBackend(), needs_graph=True)
    assert isinstance(gnn, GNN)
    assert [type(layer) for layer in gnn.layers] == [layer_class(name)] * layers
    assert gnn.output_size == 8
    assert gnn(GRAPH, torch.randn(3, 4)).shape == (3, 8)
    each = [set(map(id, layer.parameters())) for layer in gnn.layers]
    assert len(set.union(*each)) == sum(map(len, each))


@pytest.mark.parametrize(("needs_graph", "size"), [(True, 4), (False, 0)])
def test_no_gnn_hands_on_the_tokens_or_nothing(needs_graph: bool, size: int) -> None:
    gnn = build_gnn(GNNConfig(name="none"), 4, INVENTORY, TorchBackend(), needs_graph)
    x = torch.randn(3, 4)
    assert isinstance(gnn, NoGNN)
    assert gnn.output_size == size
    assert torch.equal(gnn(GRAPH, x), x if needs_graph else torch.empty(3, 0))


def test_layers_follow_each_other() -> None:
    x = torch.randn(3, 4)
    assert torch.equal(stack(3, dropout=0.5).eval()(GRAPH, x), x + 1 + 1 + 1)


def test_dropout_is_between_layers_and_only_there() -> None:
    x = torch.rand(3, 4)
    assert torch.equal(stack(1, dropout=0.9).train()(GRAPH, x), x + 1)
    found = stack(2, dropout=0.5).train()(GRAPH, x)
    dropped = found == 1
    assert 0 < dropped.sum() < dropped.numel()
    torch.testing.assert_close(found[~dropped], (2 * (x + 1) + 1)[~dropped])
