"""Arcs with a weight each: what a graph has in place of the arcs of trees."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Arcs:
    """Weighted arcs of a batch; a token may have several heads.

    Attributes:
        heads: Row of the head of each arc. *Shape:* [A]
        dependents: Row of its dependent. *Shape:* [A]
        relations: Id of its relation. *Shape:* [A]
        weight: Strength of its messages, in both directions. *Shape:* [A]
    """

    heads: Tensor
    dependents: Tensor
    relations: Tensor
    weight: Tensor
