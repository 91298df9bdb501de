"""GraphLayer: one round of message passing. Subclasses are all a new GNN needs."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.token_graph import TokenGraph


class GraphLayer(nn.Module, ABC):
    """One GNN layer, written on the primitives of a GraphBackend.

    Args:
        input_size: width of the incoming node features.
        output_size: width of the outgoing node features.
        num_relations: R, relation types that `graph.relation` may hold.
        backend: supplies the primitives.
    """

    def __init__(
        self, input_size: int, output_size: int, num_relations: int, backend: GraphBackend
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.output_size = output_size
        self.num_relations = num_relations
        self.backend = backend

    @abstractmethod
    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """Pass messages once.

        Args:
            graph: the batch.
            x: node features. *Shape:* [N, input_size]

        Returns:
            *Shape:* [N, output_size]
        """
