"""Syntactic GCN: a matrix for each direction, a bias for each relation, a gate for each edge."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.gnn.base import WeightedLayer
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class SyntacticGCN(WeightedLayer):
    """Gated messages with a matrix for each direction and a bias for each relation.

        g_v = ReLU(Σ_{u → v} γ_uv (V_dir(u,v) x_u + b_rel(u,v)))
        γ_uv = σ(w_dir(u,v) · x_u + c_rel(u,v))

    `dir` is the kind of the edge, `rel` its relation type, which the direction is a part of.

    Source: Marcheggiani and Titov (EMNLP 2017), section 3.
    """

    reads_relations = True

    def __init__(
        self, input_size: int, output_size: int, inventory: EdgeInventory, backend: GraphBackend
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        relations, kinds = len(inventory.relation_types), len(inventory.kinds)
        self.linears = nn.ModuleList(
            nn.Linear(input_size, output_size, bias=False) for _ in range(kinds)
        )
        self.bias = nn.Parameter(torch.zeros(relations, output_size))
        self.gate = nn.Linear(input_size, kinds, bias=False)
        self.gate_bias = nn.Parameter(torch.zeros(relations, 1))
        keys = inventory.relation_keys
        self.named_axes = {"bias": (keys,), "gate_bias": (keys,)}

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        gates = self.edge_weights(graph, x)  # [E, 1]
        biases = F.embedding(graph.relation, self.bias)  # [E, output_size]
        g = self.backend.reduce_edges(graph, gates * biases)
        parts = zip(self.linears, graph.by_kind, torch.split(gates, graph.kind_sizes), strict=True)
        for linear, part, gate in parts:
            g = g + self.backend.aggregate(part, linear(x), gate)
        return g.relu()

    def edge_weights(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See WeightedLayer."""
        scores = self.backend.gather(graph, self.gate(x))  # [E, kinds]
        score = scores.gather(1, graph.direction[:, None])
        return (score + F.embedding(graph.relation, self.gate_bias)).sigmoid()
