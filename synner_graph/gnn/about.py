"""What a GNN layer's docstring, options and class say: the source of `gnn list` and `gnn show`."""

from dataclasses import dataclass

from synner_graph.gnn import KIND
from synner_graph.gnn.base import GraphLayer, WeightedLayer
from synner_graph.parts import Description, describe


@dataclass(frozen=True)
class LayerDescription(Description):
    """A GNN layer in words.

    Attributes:
        reads_relations: Whether relation types matter to it.
        weighs_edges: Whether it can show a weight for each edge.
    """

    reads_relations: bool
    weighs_edges: bool


def describe_layer(name: str) -> LayerDescription:
    """What there is to say about a layer.

    Raises:
        InputError: For an unknown name; suggests the nearest.
    """
    layer = KIND.find(name)
    return LayerDescription(
        **vars(describe(name, layer, layer.Options.model_fields)),
        reads_relations=issubclass(layer, GraphLayer) and layer.reads_relations,
        weighs_edges=issubclass(layer, WeightedLayer),
    )
