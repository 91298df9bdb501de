"""CompGCN: relations are vectors that are composed with the node at the far end of the edge."""

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.config import Section
from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

COMPOSITIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "multiply": torch.mul,
    "subtract": torch.sub,
}


class CompGCNOptions(Section):
    """Options of `compgcn`."""

    composition: Literal["multiply", "subtract"] = Field(
        "multiply", description="how a node and a relation become a message"
    )


class CompGCN(GraphLayer):
    """Messages composed of a node and a relation vector, with a matrix for each direction.

        g_v = ReLU(Σ_{u → v} W_dir(u,v) φ(x_u, e_rel(u,v)) + b)

    φ(x, e) is x ∘ e or x - e. The messages of a direction are summed before its matrix is
    applied. Every layer has relation vectors of its own, where the paper hands those of the first
    layer on.

    Source: Vashishth et al. (ICLR 2020), equation 2.
    """

    Options = CompGCNOptions
    reads_relations = True

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        composition: str,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.compose = COMPOSITIONS[composition]
        self.linears = nn.ModuleList(
            nn.Linear(input_size, output_size, bias=False) for _ in inventory.kinds
        )
        self.relation = nn.Parameter(torch.randn(len(inventory.relation_types), input_size))
        self.bias = nn.Parameter(torch.zeros(output_size))
        self.named_axes = {"relation": (inventory.relation_keys,)}

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        g = self.bias
        for linear, part in zip(self.linears, graph.by_kind, strict=True):
            relation = F.embedding(part.relation, self.relation)  # [E of that kind, input_size]
            messages = self.compose(self.backend.gather(part, x), relation)
            g = g + linear(self.backend.reduce_edges(part, messages))
        return g.relu()
