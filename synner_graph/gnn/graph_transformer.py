"""Graph transformer: scaled dot-product attention along the edges."""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.config import Section
from synner_graph.gnn.base import WeightedLayer, head_size
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph


class GraphTransformerOptions(Section):
    """Options of `graph-transformer`."""

    heads: int = Field(4, gt=0, description="attention heads, which share the width")
    max_distance: int = Field(8, gt=0, description="distances beyond it share a bias")


class GraphTransformer(WeightedLayer):
    """Attention along the edges of the tree, with biases for relation and distance.

        g_v = ReLU(W_o Σ_{u → v} α_uv V x_u + b)
        α_uv = softmax_u(Q x_v · K x_u / √size + r_rel(u,v) + d_distance(u,v))

    The softmax is over the edges into v, the distance is that in the sentence, from v to u, with
    its sign. Every head has its own Q, K, V and biases. Edge kinds such as `2-hop` let it attend
    farther along the tree.

    Source: Dwivedi and Bresson (DLG-AAAI 2021); biases as in Ying et al. (NeurIPS
    2021), section 3.1.
    """

    Options = GraphTransformerOptions
    reads_relations = True

    def __init__(
        self,
        input_size: int,
        output_size: int,
        inventory: EdgeInventory,
        backend: GraphBackend,
        *,
        heads: int,
        max_distance: int,
    ) -> None:
        super().__init__(input_size, output_size, inventory, backend)
        self.heads = heads
        self.size = head_size(output_size, heads)
        self.max_distance = max_distance
        self.query = nn.Linear(input_size, output_size)
        self.key = nn.Linear(input_size, output_size, bias=False)
        self.value = nn.Linear(input_size, output_size, bias=False)
        self.output = nn.Linear(output_size, output_size)
        self.relation = nn.Parameter(torch.zeros(len(inventory.relation_types), heads))
        self.distance = nn.Parameter(torch.zeros(2 * max_distance + 1, heads))
        self.named_axes = {"relation": (inventory.relation_keys,)}

    def forward(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See GraphLayer."""
        attended = self.backend.aggregate(
            graph, self._heads(self.value(x)), self.edge_weights(graph, x)
        )
        g: Tensor = self.output(attended.flatten(1)).relu()
        return g

    def edge_weights(self, graph: TokenGraph, x: Tensor) -> Tensor:
        """See WeightedLayer."""
        query, key = self._heads(self.query(x) * self.size**-0.5), self._heads(self.key(x))
        limit = self.max_distance
        distance = graph.distance.clamp(-limit, limit) + limit
        scores = self.backend.edge_scores(graph, key, query)  # [E, heads]
        scores = scores + F.embedding(graph.relation, self.relation)
        scores = scores + F.embedding(distance, self.distance)
        return self.backend.edge_softmax(graph, scores)

    def _heads(self, x: Tensor) -> Tensor:
        """[N, heads, size]"""
        return x.view(-1, self.heads, self.size)
