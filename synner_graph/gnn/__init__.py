"""GNNs by name. A new layer is one new file and one line in LAYERS."""

from collections.abc import Sequence

from torch import Tensor, nn

from synner_graph.config import GNNConfig
from synner_graph.errors import InputError, suggest
from synner_graph.gnn.base import GraphLayer
from synner_graph.gnn.gcn import GCN
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.token_graph import TokenGraph

__all__ = ["GNN", "LAYERS", "GraphLayer", "NoGNN", "build_gnn", "layer_class"]

LAYERS: dict[str, type[GraphLayer]] = {
    "gcn": GCN,
}


def layer_class(name: str) -> type[GraphLayer]:
    """The layer of that name.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    if name not in LAYERS:
        raise InputError(f"Unknown GNN layer {name!r}.{suggest(name, [*LAYERS, 'none'])}")
    return LAYERS[name]


def build_gnn(
    config: GNNConfig,
    input_size: int,
    num_relations: int,
    backend: GraphBackend,
    needs_graph: bool,
) -> "GNN | NoGNN":
    """The GNN that the settings describe.

    Args:
        config: settings.
        input_size: D, width of the token features.
        num_relations: R, relation types in the graphs to come.
        backend: message passing primitives.
        needs_graph: whether the recurrent layer cannot do without graph features; with the GNN
            `none` it then gets the token features in their place.
    """
    if config.name == "none":
        return NoGNN(input_size if needs_graph else 0)
    layer = layer_class(config.name)
    sizes = [input_size] + [config.size] * (config.layers - 1)
    return GNN([layer(size, config.size, num_relations, backend) for size in sizes], config.dropout)


class GNN(nn.Module):
    """Graph layers on top of each other, with dropout between them.

    Args:
        layers: each reads what the one before gives.
        dropout: between layers.
    """

    def __init__(self, layers: Sequence[GraphLayer], dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)
        self.output_size = layers[-1].output_size

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """Graph features of every token.

        Args:
            graph: the batch.
            x: token features. *Shape:* [N, D]

        Returns:
            *Shape:* [N, G]
        """
        g: Tensor = self.layers[0](graph, x)
        for layer in self.layers[1:]:
            g = layer(graph, self.dropout(g))
        return g


class NoGNN(nn.Module):
    """No message passing: the graph features are the token features, or nothing.

    Args:
        output_size: D, or 0.
    """

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """The first `output_size` columns of `x`. *Shape:* [N, output_size]"""
        return x[:, : self.output_size]
