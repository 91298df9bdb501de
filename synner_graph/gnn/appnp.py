"""Personalised propagation: many rounds, few weights."""

from pydantic import Field
from torch import Tensor, nn

from synner_graph.config import Section
from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class APPNPOptions(Section):
    """Options of `appnp`."""

    steps: int = Field(10, gt=0, description="rounds of propagation")
    teleport: float = Field(0.1, gt=0, le=1, description="share of the node itself in every round")


class APPNP(GraphLayer):
    """A linear map, then many rounds of averaging that always return a little to the start.

        z_v⁰ = ReLU(W x_v + b)
        z_vᵗ = (1 - α) Σ_{u → v} z_uᵗ⁻¹ / √(out_u in_v) + α z_v⁰

    in and out count a node's incoming and outgoing edges; α is the option `teleport`.

    Source: Gasteiger, Bojchevski and Günnemann (ICLR 2019), equation 4.
    """

    Options = APPNPOptions

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        steps: int,
        teleport: float,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.steps = steps
        self.teleport = teleport
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        start: Tensor = self.linear(x).relu()
        degrees = (graph.out_degrees[graph.src] * graph.in_degrees[graph.dst]).to(x.dtype)
        weight = (1 - self.teleport) * degrees.rsqrt()  # [E]; an edge's ends have a degree
        z = start
        for _ in range(self.steps):
            z = self.backend.aggregate(graph, z, weight) + self.teleport * start
        return z
