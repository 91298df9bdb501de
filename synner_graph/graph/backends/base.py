"""GraphBackend: the primitives that every GNN layer is written on."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

from synner_graph.graph.token_graph import TokenGraph

Reduce = Literal["sum", "mean", "max"]
End = Literal["src", "dst"]
EdgeOp = Literal["dot", "add"]


class GraphBackend(ABC):
    """Message passing on a TokenGraph.

    All backends obey one semantics: a node without incoming edges gets 0, and the gradient of a
    maximum goes to the first of tied edges.
    """

    name: ClassVar[str]

    def check_device(self, device: torch.device) -> None:  # noqa: B027 - most run anywhere
        """Raise InputError if this backend cannot run on `device`."""

    @abstractmethod
    def gather(self, graph: TokenGraph, x: Tensor, end: End = "src") -> Tensor:
        """Rows of `x` at one end of every edge.

        Args:
            graph: The batch.
            x: Node tensor. *Shape:* [N, ...]
            end: Which end.

        Returns:
            *Shape:* [E, ...]
        """

    @abstractmethod
    def aggregate(
        self, graph: TokenGraph, x: Tensor, weight: Tensor | None = None, reduce: Reduce = "sum"
    ) -> Tensor:
        """Reduce the (weighted) rows of each node's sources: a generalised sparse-dense product.

        Args:
            graph: The batch.
            x: Node tensor. *Shape:* [N, ...]
            weight: Factor of each edge, broadcast over the trailing axes of `x`.
                *Shape:* [E] or [E, heads]
            reduce: Over each node's incoming edges.

        Returns:
            *Shape:* [N, ...]
        """

    @abstractmethod
    def reduce_edges(self, graph: TokenGraph, m: Tensor, reduce: Reduce = "sum") -> Tensor:
        """Reduce messages over each node's incoming edges.

        Args:
            graph: The batch.
            m: A message per edge. *Shape:* [E, ...]
            reduce: How.

        Returns:
            *Shape:* [N, ...]
        """

    @abstractmethod
    def edge_scores(
        self, graph: TokenGraph, left: Tensor, right: Tensor, op: EdgeOp = "dot"
    ) -> Tensor:
        """Combine the source row of `left` with the destination row of `right`: a sampled product.

        Args:
            graph: The batch.
            left: Node tensor, read at the source. *Shape:* [N, ..., F]
            right: Node tensor, read at the destination. *Shape:* [N, ..., F]
            op: `dot` contracts the last axis, `add` keeps it.

        Returns:
            *Shape:* [E, ...] for `dot`, [E, ..., F] for `add`
        """

    @abstractmethod
    def edge_softmax(self, graph: TokenGraph, scores: Tensor) -> Tensor:
        """Softmax over each node's incoming edges.

        Args:
            graph: The batch.
            scores: *Shape:* [E, ...]

        Returns:
            *Shape:* [E, ...]
        """


def align_weight(weight: Tensor, x: Tensor) -> Tensor:
    """Give an edge weight trailing axes of size one: it then broadcasts over messages like `x`."""
    return weight.reshape(weight.shape + (1,) * (x.dim() - weight.dim()))


def take_first(m: Tensor, first: Tensor) -> Tensor:
    """Messages at the chosen edges, 0 where none was chosen.

    Args:
        m: Messages. *Shape:* [E, ...]
        first: Chosen edge of each node and feature; E where the node has no edge. *Shape:* [N, ...]

    Returns:
        *Shape:* [N, ...]; differentiable in `m`.
    """
    return torch.cat([m, m.new_zeros(1, *m.shape[1:])]).gather(0, first)
