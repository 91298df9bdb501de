"""A learned mix of a transformer's layers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LayerMix(nn.Module):
    """A weighted mean of layers, scaled: γ Σ softmax(s)_l h_l, which starts as the plain mean.

    Source: Peters et al. (NAACL 2018), equation 1.

    Args:
        count: How many layers there are, the embeddings included.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(count))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, layers: Sequence[Tensor]) -> Tensor:
        """*Shape:* count times [..., D] to [..., D]"""
        shares = self.scale * self.scores.softmax(0)
        mixed = shares[0] * layers[0]
        for share, layer in zip(shares[1:], layers[1:], strict=True):
            mixed = mixed + share * layer
        return mixed
