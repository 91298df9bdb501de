"""GNNs by name. A new layer is one new file and one line in LAYERS."""

from torch import nn

from synner_graph.config import GNNConfig
from synner_graph.errors import InputError, suggest
from synner_graph.gnn.appnp import APPNP
from synner_graph.gnn.base import GraphLayer, WeightedLayer
from synner_graph.gnn.compgcn import CompGCN
from synner_graph.gnn.entries import EntryNodes
from synner_graph.gnn.gat import GAT
from synner_graph.gnn.gate import Gate
from synner_graph.gnn.gatv2 import GATv2
from synner_graph.gnn.gcn import GCN
from synner_graph.gnn.ggnn import GGNN
from synner_graph.gnn.gin import GIN
from synner_graph.gnn.graph_transformer import GraphTransformer
from synner_graph.gnn.library import LibraryLayer, library_layer
from synner_graph.gnn.rgcn import RGCN
from synner_graph.gnn.sage import SAGE
from synner_graph.gnn.stack import GNN, JUMPS, NoGNN, Normed, Residual
from synner_graph.gnn.syntactic_gcn import SyntacticGCN
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import GATED_KINDS, GAZETTEER, EdgeInventory
from synner_graph.parts import Kind, Part

__all__ = [
    "GNN",
    "KIND",
    "LAYERS",
    "NONE",
    "GraphLayer",
    "NoGNN",
    "WeightedLayer",
    "build_gnn",
    "layer_class",
]

NONE = "none"
LAYERS: dict[str, type[GraphLayer]] = {
    "gcn": GCN,
    "syntactic-gcn": SyntacticGCN,
    "gatv2": GATv2,
    "compgcn": CompGCN,
    "gat": GAT,
    "rgcn": RGCN,
    "sage": SAGE,
    "gin": GIN,
    "ggnn": GGNN,
    "appnp": APPNP,
    "graph-transformer": GraphTransformer,
}


def layer_class(name: str) -> type[GraphLayer]:
    """The layer of that name: one of LAYERS, or a library's by its dotted name.

    Raises:
        InputError: For an unknown name; suggests the nearest.
    """
    if "." in name:
        return library_layer(name)
    if name not in LAYERS:
        raise InputError(f"Unknown GNN layer {name!r}.{suggest(name, [*LAYERS, NONE])}")
    return LAYERS[name]


KIND: Kind[Part] = Kind("gnn", "GNN layer", {**LAYERS, NONE: NoGNN}, layer_class)


def build_gnn(
    config: GNNConfig,
    input_size: int,
    inventory: EdgeInventory,
    backend: GraphBackend,
    needs_graph: bool,
) -> GNN | NoGNN:
    """The GNN that the settings describe.

    Args:
        config: Settings.
        input_size: D, width of the token features.
        inventory: Edge kinds and relation types of the graphs to come.
        backend: Message passing primitives.
        needs_graph: Whether the recurrent layer cannot do without graph features; with the GNN
            `none` it then gets the token features in their place.

    Raises:
        InputError: For an unknown layer, an option that it does not have or cannot take, or if its
            messages cannot be gated, and gates are wanted.
    """
    options = KIND.options(config.name, config.options)
    if config.name == NONE:
        return NoGNN(input_size if needs_graph else 0)
    kind = layer_class(config.name)
    gate = None
    if config.gate and set(GATED_KINDS) & set(inventory.kinds):
        if issubclass(kind, LibraryLayer):
            raise InputError(
                f"The messages of {config.name} cannot be gated, since they do not pass through "
                "the graph backend: add --gnn.gate false."
            )
        gate = Gate(inventory)
    entries = None
    if GAZETTEER in inventory.kinds:
        entries = EntryNodes(inventory.entry_types, input_size)
    layers: list[nn.Module] = []
    sizes: list[int] = []
    width = input_size
    for _ in range(config.layers):
        graph_layer = kind(width, config.size, inventory, backend, **options)
        layer: nn.Module = graph_layer
        if config.residual:
            layer = Residual(layer, width, graph_layer.output_size)
        if config.norm:
            layer = Normed(layer, graph_layer.output_size)
        width = graph_layer.output_size
        layers.append(layer)
        sizes.append(width)
    jump = JUMPS[config.jump]
    return GNN(layers, config.dropout, jump(), jump.output_size(sizes), gate, entries)
