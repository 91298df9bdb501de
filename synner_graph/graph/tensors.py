"""Tensors that travel together, from the collator to the part of the model that reads them."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch


@dataclass(frozen=True, eq=False)
class Tensors:
    """The base class for what encoders, heads and parsers read of a batch.

    Each declares a dataclass with its own fields. A field holds a tensor, `Tensors`, a tuple of
    these, or None.
    """

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Self:
        """Return the tensors on another device."""

        def moved(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(map(moved, value))
            return None if value is None else value.to(device, non_blocking=non_blocking)

        return replace(self, **{f.name: moved(getattr(self, f.name)) for f in fields(self)})
