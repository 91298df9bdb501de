"""R-GCN with basis decomposition on the node side."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.config import Section
from synner_graph.gnn.base import GraphLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class RGCNOptions(Section):
    """Options of `rgcn`."""

    bases: int = Field(
        2, gt=0, description="shared matrices; the matrix of a relation is a weighted sum of them"
    )


class RGCN(GraphLayer):
    """A matrix for each relation, each a weighted sum of a few shared ones.

        g_v = ReLU(W x_v + b + Σ_{u → v} W_rel(u,v) x_u / c_v,rel(u,v))
        W_r = Σ_k a_rk V_k

    c counts the edges into v of that relation type. The shared matrices V are applied to nodes, so
    that an edge holds no more than its coefficients a.

    Source: Schlichtkrull et al. (ESWC 2018), equations 2 and 3.
    """

    Options = RGCNOptions
    reads_relations = True

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        bases: int,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.bases = nn.ModuleList(
            nn.Linear(input_size, output_size, bias=False) for _ in range(bases)
        )
        self.coefficients = nn.Parameter(torch.empty(len(inventory.relation_types), bases))
        self.root = nn.Linear(input_size, output_size)
        nn.init.xavier_uniform_(self.coefficients)
        self.named_axes = {"coefficients": (inventory.relation_keys,)}

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        coefficients = F.embedding(graph.relation, self.coefficients)  # [E, bases]
        weights = coefficients / graph.relation_counts[:, None]
        g = self.root(x)
        for basis, weight in zip(self.bases, weights.unbind(1), strict=True):
            g = g + self.backend.aggregate(graph, basis(x), weight)
        return torch.relu(g)
