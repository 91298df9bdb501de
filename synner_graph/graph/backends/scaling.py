"""Scale messages by the weights of edges: so gates and explanations reach every layer."""

from torch import Tensor

from synner_graph.graph.backends.base import EdgeOp, End, GraphBackend, Reduce, align_weight
from synner_graph.graph.token_graph import TokenGraph


class ScalingBackend(GraphBackend):
    """Multiplies every message by the weight of its edge, where the graph has weights.

    A mean still divides by the number of edges, and attention is shared out among all edges: only
    the message is weaker or stronger.

    Args:
        inner: Does the work.
    """

    def __init__(self, inner: GraphBackend) -> None:
        self.inner = inner

    def gather(self, graph: TokenGraph, x: Tensor, end: End = "src") -> Tensor:
        """See GraphBackend."""
        return self.inner.gather(graph, x, end)

    def aggregate(
        self, graph: TokenGraph, x: Tensor, weight: Tensor | None = None, reduce: Reduce = "sum"
    ) -> Tensor:
        """See GraphBackend."""
        strength = graph.weight
        if strength is not None and weight is not None:
            strength = weight * align_weight(strength, weight)
        return self.inner.aggregate(graph, x, weight if strength is None else strength, reduce)

    def reduce_edges(self, graph: TokenGraph, m: Tensor, reduce: Reduce = "sum") -> Tensor:
        """See GraphBackend."""
        scaled = m if graph.weight is None else m * align_weight(graph.weight, m)
        return self.inner.reduce_edges(graph, scaled, reduce)

    def edge_scores(
        self, graph: TokenGraph, left: Tensor, right: Tensor, op: EdgeOp = "dot"
    ) -> Tensor:
        """See GraphBackend."""
        return self.inner.edge_scores(graph, left, right, op)

    def edge_softmax(self, graph: TokenGraph, scores: Tensor) -> Tensor:
        """See GraphBackend."""
        return self.inner.edge_softmax(graph, scores)
