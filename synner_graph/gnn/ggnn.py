"""Gated graph neural network: a GRU reads the messages."""

from pydantic import Field
from torch import Tensor, nn

from synner_graph.config import Section
from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class GGNNOptions(Section):
    """Options of `ggnn`."""

    steps: int = Field(2, gt=0, description="rounds of messages with the same weights")


class GGNN(GraphLayer):
    """A GRU whose state is the node and whose input is the sum of its messages, a few steps long.

        h_v⁰ = W x_v
        h_vᵗ = GRU(input Σ_{u → v} A_dir(u,v) h_uᵗ⁻¹, state h_vᵗ⁻¹)

    W is left out where input and output are equally wide. The paper fills up with zeros instead.

    Source: Li, Tarlow, Brockschmidt and Zemel (ICLR 2016), equations 1 to 6.
    """

    Options = GGNNOptions

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        steps: int,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.steps = steps
        self.start: nn.Module = nn.Identity()
        if input_size != output_size:
            self.start = nn.Linear(input_size, output_size, bias=False)
        self.linears = nn.ModuleList(
            nn.Linear(output_size, output_size, bias=False) for _ in inventory.kinds
        )
        self.cell = nn.GRUCell(output_size, output_size)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        h: Tensor = self.start(x)
        for _ in range(self.steps):
            parts = zip(self.linears, graph.by_kind, strict=True)
            messages = [self.backend.aggregate(part, linear(h)) for linear, part in parts]
            h = self.cell(sum(messages[1:], start=messages[0]), h)
        return h
