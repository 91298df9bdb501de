"""Features of the nodes that stand for entries of a gazetteer."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from synner_graph.graph.token_graph import TokenGraph


class EntryNodes(nn.Module):
    """Puts a learned vector for each entry node, that of its type, behind those of the tokens.

    Args:
        types: Of entries.
        size: D, width of the token features.
    """

    def __init__(self, types: Sequence[str], size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(types), size)

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """*Shape:* [N, D] to [N + M, D]"""
        assert graph.entries is not None
        return torch.cat([x, self.embedding(graph.entries).to(x.dtype)])
