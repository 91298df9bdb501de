"""Graph attention."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.config import Section
from synner_graph.gnn.base import WeightedLayer, head_size
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class GATOptions(Section):
    """Options of `gat`."""

    heads: int = Field(4, gt=0, description="attention heads, which share the width")
    slope: float = Field(0.2, ge=0, description="of the LeakyReLU below 0")


class GAT(WeightedLayer):
    """Attention over neighbors, with a score that adds a part of each end.

        g_v = ELU(Σ_{u → v} α_uv W x_u + b)
        α_uv = softmax_u(LeakyReLU(a · W x_u + a' · W x_v))

    The softmax is over the edges into v; every head has its own W, a and a', and the heads are
    joined.

    Source: Veličković et al. (ICLR 2018), equations 1 to 5.
    """

    Options = GATOptions

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        heads: int,
        slope: float,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        size = head_size(output_size, heads)
        self.slope = slope
        self.linear = nn.Linear(input_size, output_size, bias=False)
        self.source = nn.Parameter(torch.empty(heads, size))
        self.target = nn.Parameter(torch.empty(heads, size))
        self.bias = nn.Parameter(torch.zeros(output_size))
        for vectors in (self.source, self.target):
            nn.init.xavier_uniform_(vectors)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        h = self._heads(x)
        g = self.backend.aggregate(graph, h, self._attention(graph, h))
        return F.elu(g.flatten(1) + self.bias)

    def edge_weights(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See WeightedLayer."""
        return self._attention(graph, self._heads(x))

    def _heads(self, x: Tensor) -> Tensor:
        """[N, heads, size]"""
        h: Tensor = self.linear(x).view(-1, *self.source.shape)
        return h

    def _attention(self, graph: TokenGraph, h: Tensor) -> Tensor:
        source, target = (h * self.source).sum(-1), (h * self.target).sum(-1)  # [N, heads]
        scores = self.backend.edge_scores(graph, source, target, op="add")
        return self.backend.edge_softmax(graph, F.leaky_relu(scores, self.slope))
