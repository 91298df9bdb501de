"""A learned strength for the edges that no tree has."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.graph.edges import GATED_KINDS, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

START = 0.1
"""The strength that a gate starts with: weak, and yet its gradient is not."""


class Gate(nn.Module):
    """Scales the messages of each relation type of the gated kinds by a number between 0 and 1.

        strength_uv = σ(w_rel(u,v))

    Messages along other edges stay as they are. All layers of a GNN share the gates.

    Args:
        inventory: Of the graphs to come.
        kinds: Gated ones.
    """

    def __init__(self, inventory: EdgeInventory, kinds: tuple[str, ...] = GATED_KINDS) -> None:
        super().__init__()
        gated = [kind in kinds for kind in inventory.kinds for _ in inventory.types_of(kind)]
        rows = torch.tensor(gated, dtype=torch.bool).cumsum(0) * torch.tensor(gated)
        self.logits = nn.Parameter(torch.full((sum(gated),), math.log(START / (1 - START))))
        self.register_buffer("rows", rows.long(), persistent=False)  # row 0: not gated
        keys = tuple(key for key in inventory.relation_keys if key[0] in kinds)
        self.named_axes = {"logits": (keys,)}

    @property
    def strengths(self) -> Tensor:
        """Of every relation type. *Shape:* [R]"""
        gates = torch.cat([self.logits.new_ones(1), self.logits.sigmoid()])
        assert isinstance(self.rows, Tensor)
        return gates[self.rows]

    def forward(self, graph: TokenGraph) -> TokenGraph:
        """The graph with the strength of each edge as its weight, times the one it had."""
        weight = F.embedding(graph.relation, self.strengths[:, None]).squeeze(1)  # [E]
        return graph.scaled(weight)
