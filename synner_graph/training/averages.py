"""Averages of the weights over the steps of a training.

Source: Polyak and Juditsky (SIAM Journal on Control and Optimization, 1992) average the weights of
all steps; here the weight of a step falls exponentially with its age, and fewer steps count at the
beginning, as in TensorFlow's `ExponentialMovingAverage`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Averages:
    """Keep exponential moving averages of the weights that a training changes.

    After step t, counted from 0, with d = min(decay, (1 + t) / (10 + t)):

        average <- d average + (1 - d) weight

    Each trained weight has one average. Frozen weights and buffers have none.

    Args:
        model: Where it runs; it holds the weights of before the first step.
        decay: Of the averages, from 0 up to, not including, 1.

    Attributes:
        steps: How many have been averaged.
        tensors: The average of each trained weight, by the weight's name.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self._weights = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.tensors: dict[str, Tensor] = {n: p.detach().clone() for n, p in self._weights.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after a step."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, weight in self._weights.items():
            self.tensors[name].lerp_(weight, 1 - decay)
        self.steps += 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages into the model, and its own weights back afterwards, to the bit."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange weights and averages."""
        for name, weight in self._weights.items():
            kept = weight.clone()
            weight.copy_(self.tensors[name])
            self.tensors[name].copy_(kept)

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Go on from the averages that `tensors` held after `steps` steps.

        Raises:
            RuntimeError: They are of another model.
        """
        if tensors.keys() != self.tensors.keys():
            raise RuntimeError(
                f"its averages differ in {min(tensors.keys() ^ self.tensors.keys())}"
            )
        for name, tensor in tensors.items():
            self.tensors[name].copy_(tensor)
        self.steps = steps
