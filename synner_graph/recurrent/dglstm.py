"""The dependency-guided LSTM: every state meets that of its head."""

from typing import Self

import torch
from torch import Tensor, nn

from synner_graph.config import RecurrentConfig
from synner_graph.errors import InputError
from synner_graph.graph.edges import HEAD_DEPENDENT, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.operators.ragged import time_major
from synner_graph.recurrent.base import Recurrent
from synner_graph.recurrent.packed import read_packed


class DGLSTM(Recurrent):
    """Dependency-guided LSTM: every layer reads a token together with its head.

        z_i = [x_i; g_i]
        h¹ = BiLSTM([z_i; z_p(i); v_r(i)])
        hˡ = BiLSTM(a(hˡ⁻¹_i, hˡ⁻¹_p(i)))

    where p(i) is the head of token i, for a root the root itself, and v_r(i) a vector of the
    relation between them. The interaction a is one of

        mlp             ReLU(W h_i + V h_p(i) + b), twice as wide as the states
        addition        h_i + h_p(i)
        concatenation   [h_i; h_p(i)]

    Source: Jie and Lu (EMNLP-IJCNLP 2019), sections 3.1 and 3.2.

    Args:
        input_size: Width D of the token vectors.
        graph_size: Width G of the graph features; 0 where there is no graph layer.
        hidden_size: Width H of a state, per direction.
        relations: How many relations there are, the unknown one included.
        layers: LSTMs on top of each other, two or more.
        interaction: mlp, addition or concatenation.
        relation_size: Width of the vector of a relation.
        dropout: Between layers.
    """

    edges = (HEAD_DEPENDENT,)

    def __init__(
        self,
        input_size: int,
        graph_size: int,
        hidden_size: int,
        relations: int = 1,
        layers: int = 2,
        interaction: str = "mlp",
        relation_size: int = 50,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(input_size, graph_size, hidden_size)
        width = self.output_size = 2 * hidden_size
        self.interaction = interaction
        # Roots hang from nothing: the last vector is theirs.
        self.relations = nn.Embedding(relations + 1, relation_size)
        self.dropout = nn.Dropout(dropout)
        self.maps = nn.ModuleList()
        if interaction == "mlp":
            self.maps.extend(nn.Linear(2 * width, 2 * width) for _ in range(layers - 1))
        met = width if interaction == "addition" else 2 * width
        sizes = [2 * (input_size + graph_size) + relation_size, *[met] * (layers - 1)]
        self.lstms = nn.ModuleList(nn.LSTM(size, hidden_size, bidirectional=True) for size in sizes)

    @classmethod
    def build(
        cls, config: RecurrentConfig, input_size: int, graph_size: int, inventory: EdgeInventory
    ) -> Self:
        """See `Recurrent.build`."""
        if HEAD_DEPENDENT not in inventory.kinds:
            raise InputError(
                f"The dglstm reads the head of each token: add {HEAD_DEPENDENT} to --edges."
            )
        return cls(
            input_size,
            graph_size,
            config.size,
            len(inventory.relations),
            config.layers,
            config.interaction,
            config.relation_size,
            config.dropout,
        )

    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """See `Recurrent.forward`; the forward half of the states comes first."""
        time = time_major(graph.offsets, x)
        z = torch.cat([x, g], dim=1)
        relations = self.relations(graph.head_relations % self.relations.num_embeddings)
        first, *others = self.lstms
        h = read_packed(first, torch.cat([z, z[graph.heads], relations], dim=1), time)
        for layer, lstm in enumerate(others):
            h = read_packed(lstm, self._interact(layer, self.dropout(h), graph.heads), time)
        return h

    def _interact(self, layer: int, h: Tensor, heads: Tensor) -> Tensor:
        """*Shape:* [N, 2H] to [N, 2H] or [N, 4H]"""
        if self.interaction == "addition":
            return h + h[heads]
        both = torch.cat([h, h[heads]], dim=1)
        if self.interaction == "concatenation":
            return both
        met: Tensor = self.maps[layer](both).relu()
        return met
