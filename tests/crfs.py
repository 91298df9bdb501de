"""Random scores for the CRF tests."""

from typing import NamedTuple

import torch
from torch import Tensor

LENGTHS = [3, 1, 5, 2, 1, 3]


class CRF(NamedTuple):
    """Arguments of the operators, in their order."""

    emissions: Tensor
    offsets: Tensor
    transitions: Tensor
    start: Tensor
    end: Tensor


def random_crf(
    device: str = "cpu", lengths: list[int] = LENGTHS, tags: int = 3, scale: float = 1.0
) -> CRF:
    def normal(*shape: int) -> Tensor:
        return (torch.randn(*shape, dtype=torch.float64) * scale).to(device).requires_grad_()

    offsets = torch.tensor([0, *lengths]).cumsum(0)
    return CRF(normal(sum(lengths), tags), offsets, normal(tags, tags), normal(tags), normal(tags))
