"""Message passing with DGL's kernels."""

from typing import Any

import torch
from torch import Tensor

from synner_graph.errors import InputError
from synner_graph.graph.backends.base import (
    EdgeOp,
    End,
    GraphBackend,
    Reduce,
    align_weight,
    take_first,
)
from synner_graph.graph.dgl_graph import dgl
from synner_graph.graph.token_graph import TokenGraph


def cuda_is_built() -> bool:
    """Say whether the installed DGL has CUDA kernels (the build on PyPI has none)."""
    try:
        dgl.graph(([0], [0]), device="cuda")
    except (dgl.DGLError, RuntimeError, AssertionError):
        return False
    return True


class DGLBackend(GraphBackend):
    """DGL's generalised SpMM and SDDMM kernels."""

    name = "dgl"

    def check_device(self, device: torch.device) -> None:
        """Raise InputError for a device that the installed DGL was not built for."""
        if device.type == "cpu" or (device.type == "cuda" and cuda_is_built()):
            return
        raise InputError(
            f"The installed DGL {dgl.__version__} has no {device.type.upper()} kernels: "
            f"use --graph-backend torch for {device.type}, or --device cpu."
        )

    def gather(self, graph: TokenGraph, x: Tensor, end: End = "src") -> Tensor:
        """See GraphBackend."""
        copy = dgl.ops.copy_u if end == "src" else dgl.ops.copy_v
        return _tensor(copy(graph.structure, x))

    def aggregate(
        self, graph: TokenGraph, x: Tensor, weight: Tensor | None = None, reduce: Reduce = "sum"
    ) -> Tensor:
        """See GraphBackend."""
        if reduce == "max":
            m = self.gather(graph, x)
            return self.reduce_edges(
                graph, m if weight is None else m * align_weight(weight, m), "max"
            )
        if weight is None:
            total = _tensor(dgl.ops.copy_u_sum(graph.structure, x))
        else:
            total = _tensor(dgl.ops.u_mul_e_sum(graph.structure, x, align_weight(weight, x)))
        return total if reduce == "sum" else _mean(graph, total)

    def reduce_edges(self, graph: TokenGraph, m: Tensor, reduce: Reduce = "sum") -> Tensor:
        """See GraphBackend."""
        if reduce == "max":
            return take_first(m, self._first_maximum(graph, m))
        total = _tensor(dgl.ops.copy_e_sum(graph.structure, m))
        return total if reduce == "sum" else _mean(graph, total)

    def edge_scores(
        self, graph: TokenGraph, left: Tensor, right: Tensor, op: EdgeOp = "dot"
    ) -> Tensor:
        """See GraphBackend."""
        if op == "dot":
            return _tensor(dgl.ops.u_dot_v(graph.structure, left, right)).squeeze(-1)
        return _tensor(dgl.ops.u_add_v(graph.structure, left, right))

    def edge_softmax(self, graph: TokenGraph, scores: Tensor) -> Tensor:
        """See GraphBackend."""
        return _tensor(dgl.ops.edge_softmax(graph.structure, scores))

    @staticmethod
    @torch.no_grad()
    def _first_maximum(graph: TokenGraph, m: Tensor) -> Tensor:
        """Lowest edge that attains each node's maximum, E for nodes without edges.

        DGL's own maximum sends the gradient to the last of tied edges.
        """
        top = dgl.ops.copy_e_max(graph.structure, m)
        edges = align_weight(torch.arange(graph.num_edges, device=m.device), m).expand_as(m)
        candidates = torch.where(m == top[graph.dst], edges, graph.num_edges).double()
        first = _tensor(dgl.ops.copy_e_min(graph.structure, candidates))
        return first.clamp(max=graph.num_edges).long()


def _mean(graph: TokenGraph, total: Tensor) -> Tensor:
    return total / align_weight(graph.in_degrees.clamp(min=1), total)


def _tensor(value: Any) -> Tensor:
    """Tell the type checker that a result of DGL, which is untyped, is a tensor."""
    assert isinstance(value, Tensor)
    return value
