"""Recurrent layers by name: token vectors and graph features in, one state a token out."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from synner_graph.config import RecurrentConfig
from synner_graph.errors import InputError, suggest
from synner_graph.graph.edges import HEAD_DEPENDENT, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.operators.ragged import TimeMajor, restore, time_major
from synner_graph.operators.syn_lstm import SynLSTMWeights, syn_lstm


class Recurrent(nn.Module, ABC):
    """What the recurrent layers share.

    Args:
        input_size: Width D of the token vectors.
        graph_size: Width G of the graph features; 0 where there is no graph layer.
        hidden_size: Width H of a state, per direction.

    Attributes:
        needs_graph: Whether it cannot do without graph features.
        output_size: Width of the output.
        edges: Kinds of edges that it reads itself.
        implementation: Which implementation of its operator computes it, where there are several.
    """

    needs_graph: ClassVar[bool] = False
    edges: ClassVar[tuple[str, ...]] = ()
    output_size: int
    implementation: str = "auto"

    @abstractmethod
    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__()

    @classmethod
    def build(
        cls, config: RecurrentConfig, input_size: int, graph_size: int, inventory: EdgeInventory
    ) -> Self:
        """The layer that the settings describe.

        Args:
            config: Settings.
            input_size: Width D of the token vectors.
            graph_size: Width G of the graph features; 0 where there is no graph layer.
            inventory: Edge kinds and relation types of the graphs to come.

        Raises:
            InputError: The graphs lack what it reads.
        """
        return cls(input_size, graph_size, config.size)

    @abstractmethod
    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """Read each sentence.

        Args:
            x: Token vectors.
                *Shape:* [N, D]
            g: Graph features.
                *Shape:* [N, G]
            graph: The batch.

        Returns:
            *Shape:* [N, output_size]
        """

    def check_implementation(self) -> None:
        """See to it, before work begins, that the implementation asked for can serve here.

        Raises:
            InputError: It cannot.
        """


class SynLSTM(Recurrent):
    """Bidirectional Syn-LSTM (Xu et al., NAACL 2021): graph features have a gate of their own.

    Weights start as in `torch.nn.LSTM`, except that each recurrent block is orthogonal and that the
    forget gates start open (bias 1).

    Raises:
        InputError: `graph_size` is 0.
    """

    needs_graph = True

    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__(input_size, graph_size, hidden_size)
        if graph_size == 0:
            raise InputError(
                "The Syn-LSTM reads graph features: choose a graph layer, or the lstm."
            )
        self.output_size = 2 * hidden_size
        self.weight_x = nn.Parameter(torch.empty(2, 4 * hidden_size, input_size))
        self.weight_g = nn.Parameter(torch.empty(2, 4 * hidden_size, graph_size))
        self.weight_h = nn.Parameter(torch.empty(2, 6 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(2, 6 * hidden_size))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new weights."""
        bound = self.weight_h.shape[-1] ** -0.5
        for parameter in (self.weight_x, self.weight_g, self.bias):
            nn.init.uniform_(parameter, -bound, bound)
        for direction in self.weight_h:
            for gate in direction.chunk(6):
                nn.init.orthogonal_(gate)
        forget = self.bias.chunk(6, dim=1)[4]
        nn.init.ones_(forget)

    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """See `Recurrent.forward`; the forward half of the states comes first."""
        return self._read(x, g, graph.offsets)

    def _read(self, x: Tensor, g: Tensor, offsets: Tensor) -> Tensor:
        weights = SynLSTMWeights(self.weight_x, self.weight_g, self.weight_h, self.bias)
        return syn_lstm(x, g, weights, offsets, self.implementation)

    @torch.no_grad()
    def check_implementation(self) -> None:
        """See `Recurrent.check_implementation`; it reads one token."""
        x, g = (weight.new_zeros(1, weight.shape[2]) for weight in (self.weight_x, self.weight_g))
        self._read(x, g, torch.tensor([0, 1]))


class LSTM(Recurrent):
    """`torch.nn.LSTM`, bidirectional, on token vector and graph feature joined."""

    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__(input_size, graph_size, hidden_size)
        self.output_size = 2 * hidden_size
        self.lstm = nn.LSTM(input_size + graph_size, hidden_size, bidirectional=True)

    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """See `Recurrent.forward`; the forward half of the states comes first."""
        return _read(self.lstm, torch.cat([x, g], dim=1), time_major(graph.offsets, x))


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
        h = _read(first, torch.cat([z, z[graph.heads], relations], dim=1), time)
        for layer, lstm in enumerate(others):
            h = _read(lstm, self._interact(layer, self.dropout(h), graph.heads), time)
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


class NoRecurrence(Recurrent):
    """Token vector and graph feature joined; nothing read from neighbors, and H plays no part."""

    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__(input_size, graph_size, hidden_size)
        self.output_size = input_size + graph_size

    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """See `Recurrent.forward`."""
        return torch.cat([x, g], dim=1)


RECURRENT: dict[str, type[Recurrent]] = {
    "syn-lstm": SynLSTM,
    "lstm": LSTM,
    "dglstm": DGLSTM,
    "none": NoRecurrence,
}


def _read(lstm: nn.Module, rows: Tensor, time: TimeMajor) -> Tensor:
    """What a bidirectional `torch.nn.LSTM` makes of each sentence. *Shape:* [N, ...] to [N, 2H]"""
    packed = PackedSequence(rows.index_select(0, time.order), torch.tensor(time.batch_sizes))
    return restore(lstm(packed)[0].data, time.order)


def recurrent_class(name: str) -> type[Recurrent]:
    """The recurrent layer of that name.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    if name not in RECURRENT:
        raise InputError(f"Unknown recurrent layer {name!r}.{suggest(name, RECURRENT)}")
    return RECURRENT[name]
