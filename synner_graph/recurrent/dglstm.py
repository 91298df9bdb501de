"""The dependency-guided LSTM: every state meets that of its head."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from synner_graph.errors import InputError
from synner_graph.graph.edges import HEAD_DEPENDENT, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.operators.ragged import time_major
from synner_graph.recurrent.base import LSTMOptions, Recurrent
from synner_graph.recurrent.packed import read_packed


class DGLSTMOptions(LSTMOptions):
    """Options of `dglstm`."""

    layers: int = Field(2, gt=1, description="LSTMs on top of each other")
    interaction: Literal["mlp", "addition", "concatenation"] = Field(
        "mlp", description="how a state meets that of its head"
    )
    relation_size: int = Field(50, gt=0, description="width of the relation to the head")
    dropout: float = Field(0.1, ge=0, lt=1, description="between layers")


class DGLSTM(Recurrent):
    """Layers of LSTMs between which every state meets that of its head.

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
        inventory: Edge kinds and relation types of the graphs to come.
        size: Width H of a state, per direction.
        layers: LSTMs on top of each other, two or more.
        interaction: `mlp`, `addition` or `concatenation`.
        relation_size: Width of the vector of a relation.
        dropout: Between layers.

    Raises:
        InputError: The graphs have no edges from head to dependent.
    """

    Options = DGLSTMOptions

    edges = (HEAD_DEPENDENT,)

    def __init__(
        self,
        input_size: int,
        graph_size: int,
        inventory: EdgeInventory,
        *,
        size: int,
        layers: int,
        interaction: str,
        relation_size: int,
        dropout: float,
    ) -> None:
        super().__init__(input_size, graph_size, inventory)
        if HEAD_DEPENDENT not in inventory.kinds:
            raise InputError(
                f"The dglstm reads the head of each token: add {HEAD_DEPENDENT} to --edges."
            )
        width = self.output_size = 2 * size
        self.interaction = interaction
        # Roots hang from nothing: the last vector is theirs.
        self.relations = nn.Embedding(len(inventory.relations) + 1, relation_size)
        self.named_axes = {"relations.weight": ((*inventory.relations, None),)}
        self.dropout = nn.Dropout(dropout)
        self.maps = nn.ModuleList()
        if interaction == "mlp":
            self.maps.extend(nn.Linear(2 * width, 2 * width) for _ in range(layers - 1))
        met = width if interaction == "addition" else 2 * width
        sizes = [2 * (input_size + graph_size) + relation_size, *[met] * (layers - 1)]
        self.lstms = nn.ModuleList(nn.LSTM(read, size, bidirectional=True) for read in sizes)

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
