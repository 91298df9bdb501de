"""No recurrence."""

import torch
from torch import Tensor

from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.recurrent.base import Recurrent


class NoRecurrence(Recurrent):
    """Token vector and graph feature joined; nothing is read from neighbors."""

    def __init__(self, input_size: int, graph_size: int, inventory: EdgeInventory) -> None:
        super().__init__(input_size, graph_size, inventory)
        self.output_size = input_size + graph_size

    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """See `Recurrent.forward`."""
        return torch.cat([x, g], dim=1)
