"""GraphLayer: one round of message passing. Subclasses are all a new GNN needs."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from synner_graph.errors import InputError
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.backends.scaling import ScalingBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.parts import Part


class GraphLayer(nn.Module, Part, ABC):
    """One GNN layer, written on the primitives of a GraphBackend.

    The docstring of a layer is what `gnn list` and `gnn show` print: one line, the equation
    (indented), what its letters mean, and at the end a paragraph `Source: ...`.

    Args:
        input_size: Width of the incoming node features.
        output_size: Width of the outgoing node features.
        inventory: Edge kinds and relation types of the graphs to come.
        backend: Supplies the primitives; messages along the edges of a weighted graph are scaled.

    Attributes:
        Options: The layer's own settings; the constructor gets each of them by its name.
        reads_relations: Whether the output depends on the relation types of the edges.
        output_size: Width of what `forward` gives.
    """

    reads_relations: ClassVar[bool] = False
    output_size: int

    def __init__(
        self, input_size: int, output_size: int, inventory: EdgeInventory, backend: GraphBackend
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.output_size = output_size
        self.inventory = inventory
        self.backend: GraphBackend = ScalingBackend(backend)

    @abstractmethod
    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """Pass messages once.

        Args:
            graph: The batch.
            x: Node features. *Shape:* [N, input_size]

        Returns:
            *Shape:* [N, output_size]
        """


class WeightedLayer(GraphLayer):
    """A layer that weighs its edges, by gates or attention, and can show the weights."""

    @abstractmethod
    def edge_weights(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """The weight of every edge's message, as `forward` uses it.

        Args:
            graph: The batch.
            x: Node features. *Shape:* [N, input_size]

        Returns:
            *Shape:* [E, heads]; gates have one head.
        """


def head_size(output_size: int, heads: int) -> int:
    """Width of each head.

    Raises:
        InputError: If the heads cannot share the width equally.
    """
    if output_size % heads:
        raise InputError(f"expected a GNN width that {heads} heads can share, got {output_size}.")
    return output_size // heads
