"""Message passing in plain PyTorch: any device, any Python, no DGL."""

import torch
from torch import Tensor

from synner_graph.graph.backends.base import (
    EdgeOp,
    End,
    GraphBackend,
    Reduce,
    align_weight,
    take_first,
)
from synner_graph.graph.token_graph import TokenGraph


class TorchBackend(GraphBackend):
    """`index_add` and `scatter_reduce`."""

    name = "torch"

    def gather(self, graph: TokenGraph, x: Tensor, end: End = "src") -> Tensor:
        """See GraphBackend."""
        return x[graph.src if end == "src" else graph.dst]

    def aggregate(
        self, graph: TokenGraph, x: Tensor, weight: Tensor | None = None, reduce: Reduce = "sum"
    ) -> Tensor:
        """See GraphBackend."""
        m = x[graph.src]
        return self.reduce_edges(
            graph, m if weight is None else m * align_weight(weight, m), reduce
        )

    def reduce_edges(self, graph: TokenGraph, m: Tensor, reduce: Reduce = "sum") -> Tensor:
        """See GraphBackend."""
        if reduce == "max":
            return take_first(m, self._first_maximum(graph, m))
        total = m.new_zeros(graph.num_nodes, *m.shape[1:]).index_add(0, graph.dst, m)
        if reduce == "sum":
            return total
        return total / align_weight(graph.in_degrees.clamp(min=1), total)

    def edge_scores(
        self, graph: TokenGraph, left: Tensor, right: Tensor, op: EdgeOp = "dot"
    ) -> Tensor:
        """See GraphBackend."""
        src, dst = left[graph.src], right[graph.dst]
        return (src * dst).sum(-1) if op == "dot" else src + dst

    def edge_softmax(self, graph: TokenGraph, scores: Tensor) -> Tensor:
        """See GraphBackend."""
        top = self._maximum(graph, scores.detach())
        weights = (scores - top[graph.dst]).exp()
        total = weights.new_zeros(top.shape).index_add(0, graph.dst, weights)
        return weights / total[graph.dst]

    @staticmethod
    def _maximum(graph: TokenGraph, m: Tensor) -> Tensor:
        index = align_weight(graph.dst, m).expand_as(m)
        top = m.new_full((graph.num_nodes, *m.shape[1:]), -torch.inf)
        return top.scatter_reduce(0, index, m, "amax")

    @torch.no_grad()
    def _first_maximum(self, graph: TokenGraph, m: Tensor) -> Tensor:
        """Lowest edge that attains each node's maximum, E for nodes without edges."""
        edges = align_weight(torch.arange(graph.num_edges, device=m.device), m).expand_as(m)
        tied = m == self._maximum(graph, m)[graph.dst]
        candidates = torch.where(tied, edges, graph.num_edges)
        first = candidates.new_full((graph.num_nodes, *m.shape[1:]), graph.num_edges)
        index = align_weight(graph.dst, m).expand_as(m)
        return first.scatter_reduce(0, index, candidates, "amin")
