"""GraphSAGE."""

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from synner_graph.config import Section
from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class SAGEOptions(Section):
    """Options of `sage`."""

    reduce: Literal["mean", "max", "sum"] = Field("mean", description="over the neighbors")


class SAGE(GraphLayer):
    """The node and the mean of its neighbors, each with a matrix of its own.

        g_v = ReLU(W x_v + W' mean_{u → v} x_u + b)

    The neighbors can also be summed, or reduced to the maximum of each feature.

    Source: Hamilton, Ying and Leskovec (NeurIPS 2017), algorithm 1, without its normalisation.
    """

    Options = SAGEOptions

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        reduce: Literal["mean", "max", "sum"],
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.reduce = reduce
        self.root = nn.Linear(input_size, output_size)
        self.neighbors = nn.Linear(input_size, output_size, bias=False)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        neighbors = self.backend.aggregate(graph, x, reduce=self.reduce)
        g: Tensor = (self.root(x) + self.neighbors(neighbors)).relu()
        return g
