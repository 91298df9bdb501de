"""Graph attention, second version, whose score reads the relation."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.config import Section
from synner_graph.gnn.base import WeightedLayer, head_size
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class GATv2Options(Section):
    """Options of `gatv2`."""

    heads: int = Field(4, gt=0, description="attention heads, which share the width")
    slope: float = Field(0.2, ge=0, description="of the LeakyReLU below 0")


class GATv2(WeightedLayer):
    """Attention over neighbors, with a score that combines both ends and the relation.

        g_v = ELU(Σ_{u → v} α_uv W x_u + b)
        α_uv = softmax_u(a · LeakyReLU(W x_u + W' x_v + e_rel(u,v)))

    The softmax is over the edges into v; every head has its own W, W', a and relation vectors e,
    and the heads are joined.

    Source: Brody, Alon and Yahav (ICLR 2022), equation 7, with the edge's relation in the score.
    """

    Options = GATv2Options
    reads_relations = True

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
        self.source = nn.Linear(input_size, output_size, bias=False)
        self.target = nn.Linear(input_size, output_size, bias=False)
        self.relation = nn.Parameter(torch.empty(len(inventory.relation_types), output_size))
        self.score = nn.Parameter(torch.empty(heads, size))
        self.bias = nn.Parameter(torch.zeros(output_size))
        for vectors in (self.relation, self.score):
            nn.init.xavier_uniform_(vectors)
        self.named_axes = {"relation": (inventory.relation_keys,)}

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        source = self._heads(self.source(x))
        g = self.backend.aggregate(graph, source, self._attention(graph, source, x))
        return F.elu(g.flatten(1) + self.bias)

    def edge_weights(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See WeightedLayer."""
        return self._attention(graph, self._heads(self.source(x)), x)

    def _heads(self, x: Tensor) -> Tensor:
        """[..., output_size] to [..., heads, size]"""
        return x.view(-1, *self.score.shape)

    def _attention(self, graph: TokenGraph, source: Tensor, x: Tensor) -> Tensor:
        target = self._heads(self.target(x))
        ends = self.backend.edge_scores(graph, source, target, op="add")  # [E, heads, size]
        relation = self._heads(F.embedding(graph.relation, self.relation))
        scores = (F.leaky_relu(ends + relation, self.slope) * self.score).sum(-1)  # [E, heads]
        return self.backend.edge_softmax(graph, scores)
