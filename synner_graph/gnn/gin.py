"""Graph isomorphism network."""

import torch
from torch import Tensor, nn

from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class GIN(GraphLayer):
    """The node and the sum of its neighbors, read by a perceptron of two layers.

        g_v = ReLU(W' ReLU(W ((1 + ε) x_v + Σ_{u → v} x_u) + b) + b')

    ε is learned and starts at 0.

    Source: Xu, Hu, Leskovec and Jegelka (ICLR 2019), equation 4.1.
    """

    def __init__(
        self, input_size: int, output_size: int, inventory: EdgeInventory, backend: GraphBackend
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.epsilon = nn.Parameter(torch.zeros(()))
        self.inner = nn.Linear(input_size, output_size)
        self.outer = nn.Linear(output_size, output_size)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        total = (1 + self.epsilon) * x + self.backend.aggregate(graph, x)
        g: Tensor = self.outer(self.inner(total).relu()).relu()
        return g
