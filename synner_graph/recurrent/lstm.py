"""The plain LSTM: the control of the Syn-LSTM."""

import torch
from torch import Tensor, nn

from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.operators.ragged import time_major
from synner_graph.recurrent.base import LSTMOptions, Recurrent
from synner_graph.recurrent.packed import read_packed


class LSTM(Recurrent):
    """`torch.nn.LSTM`, bidirectional, on token vector and graph feature joined."""

    Options = LSTMOptions

    def __init__(
        self, input_size: int, graph_size: int, inventory: EdgeInventory, *, size: int
    ) -> None:
        super().__init__(input_size, graph_size, inventory)
        self.output_size = 2 * size
        self.lstm = nn.LSTM(input_size + graph_size, size, bidirectional=True)

    def forward(self, x: Tensor, g: Tensor, graph: TokenGraph) -> Tensor:
        """See `Recurrent.forward`; the forward half of the states comes first."""
        return read_packed(self.lstm, torch.cat([x, g], dim=1), time_major(graph.offsets, x))
