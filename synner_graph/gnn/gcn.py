"""GCN over the dependency tree, as the Syn-LSTM systems use it."""

from torch import Tensor, nn

from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class GCN(GraphLayer):
    """Mean over a node's neighbors and itself, a linear map, ReLU.

        g_v = ReLU(W (x_v + Σ_{u → v} x_u) / (degree_v + 1) + b)

    The node itself comes in along its self edge, so the division by degree + 1 is the mean over
    incoming edges.

    Source: Zhang, Qi and Manning (EMNLP 2018), equation 2; Xu et al. (NAACL 2021), section 3.1.
    """

    def __init__(
        self, input_size: int, output_size: int, inventory: EdgeInventory, backend: GraphBackend
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        mean = self.backend.aggregate(graph, x, reduce="mean")
        g: Tensor = self.linear(mean).relu()
        return g
