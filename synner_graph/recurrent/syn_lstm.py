"""The bidirectional Syn-LSTM as a layer."""

import torch
from torch import Tensor, nn

from synner_graph.errors import InputError
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.operators.syn_lstm import SynLSTMWeights, syn_lstm
from synner_graph.recurrent.base import LSTMOptions, Recurrent


class SynLSTM(Recurrent):
    """Bidirectional LSTM in which graph features have a gate of their own.

        c = f ⊙ c⁻ + i ⊙ u + m ⊙ n

    The gate i lets in what u makes of the token vector, the gate m what n makes of the graph
    features; f forgets.

    Source: Xu et al. (NAACL 2021).

    Weights start as in `torch.nn.LSTM`, except that each recurrent block is orthogonal and that the
    forget gates start open (bias 1).

    Raises:
        InputError: `graph_size` is 0.
    """

    Options = LSTMOptions
    needs_graph = True

    def __init__(
        self, input_size: int, graph_size: int, inventory: EdgeInventory, *, size: int
    ) -> None:
        super().__init__(input_size, graph_size, inventory)
        if graph_size == 0:
            raise InputError(
                "The Syn-LSTM reads graph features: choose a graph layer, or the lstm."
            )
        self.output_size = 2 * size
        self.weight_x = nn.Parameter(torch.empty(2, 4 * size, input_size))
        self.weight_g = nn.Parameter(torch.empty(2, 4 * size, graph_size))
        self.weight_h = nn.Parameter(torch.empty(2, 6 * size, size))
        self.bias = nn.Parameter(torch.empty(2, 6 * size))
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
        return syn_lstm(x, g, weights, offsets, self.kernel)

    @torch.no_grad()
    def check_kernel(self) -> None:
        """See `Recurrent.check_kernel`; it reads one token."""
        x, g = (weight.new_zeros(1, weight.shape[2]) for weight in (self.weight_x, self.weight_g))
        self._read(x, g, torch.tensor([0, 1]))
