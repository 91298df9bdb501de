"""Recurrent layers by name: token vectors and graph features in, one state a token out."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from synner_graph.errors import InputError, suggest
from synner_graph.operators.ragged import restore, time_major
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
        implementation: Which implementation of its operator computes it, where there are several.
    """

    needs_graph: ClassVar[bool] = False
    output_size: int
    implementation: str = "auto"

    @abstractmethod
    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, x: Tensor, g: Tensor, offsets: Tensor) -> Tensor:
        """Read each sentence.

        Args:
            x: Token vectors.
                *Shape:* [N, D]
            g: Graph features.
                *Shape:* [N, G]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]

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

    def forward(self, x: Tensor, g: Tensor, offsets: Tensor) -> Tensor:
        """See `Recurrent.forward`; the forward half of the states comes first."""
        weights = SynLSTMWeights(self.weight_x, self.weight_g, self.weight_h, self.bias)
        return syn_lstm(x, g, weights, offsets, self.implementation)

    @torch.no_grad()
    def check_implementation(self) -> None:
        """See `Recurrent.check_implementation`; it reads one token."""
        x, g = (weight.new_zeros(1, weight.shape[2]) for weight in (self.weight_x, self.weight_g))
        self(x, g, torch.tensor([0, 1]))


class LSTM(Recurrent):
    """`torch.nn.LSTM`, bidirectional, on token vector and graph feature joined."""

    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__(input_size, graph_size, hidden_size)
        self.output_size = 2 * hidden_size
        self.lstm = nn.LSTM(input_size + graph_size, hidden_size, bidirectional=True)

    def forward(self, x: Tensor, g: Tensor, offsets: Tensor) -> Tensor:
        """See `Recurrent.forward`; the forward half of the states comes first."""
        time = time_major(offsets, x)
        rows = torch.cat([x, g], dim=1).index_select(0, time.order)
        packed = PackedSequence(rows, torch.tensor(time.batch_sizes))
        return restore(self.lstm(packed)[0].data, time.order)


class NoRecurrence(Recurrent):
    """Token vector and graph feature joined; nothing read from neighbors, and H plays no part."""

    def __init__(self, input_size: int, graph_size: int, hidden_size: int) -> None:
        super().__init__(input_size, graph_size, hidden_size)
        self.output_size = input_size + graph_size

    def forward(self, x: Tensor, g: Tensor, offsets: Tensor) -> Tensor:
        """See `Recurrent.forward`."""
        return torch.cat([x, g], dim=1)


RECURRENT: dict[str, type[Recurrent]] = {
    "syn-lstm": SynLSTM,
    "lstm": LSTM,
    "none": NoRecurrence,
}


def recurrent_class(name: str) -> type[Recurrent]:
    """The recurrent layer of that name.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    if name not in RECURRENT:
        raise InputError(f"Unknown recurrent layer {name!r}.{suggest(name, RECURRENT)}")
    return RECURRENT[name]
