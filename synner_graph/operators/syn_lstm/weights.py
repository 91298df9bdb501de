"""The weights of a bidirectional Syn-LSTM, and the order of its gates."""

from typing import NamedTuple

from torch import Tensor


class SynLSTMWeights(NamedTuple):
    """All weights of both directions; the first axis is the direction, forward then backward.

    The gates stand in the order `i, u, m, n, f, o`: input gate and candidate of the token, input
    gate and candidate of the graph feature, forget gate, output gate. Tokens do not feed `m, n` and
    graph features do not feed `i, u`: those blocks are absent. An implementation may use another
    order inside, as `fused` does (`projections.reorder_gates`).

    Attributes:
        weight_x: From the token to `i, u, f, o` (W in the paper).
            *Shape:* [2, 4 * H, D]
        weight_g: From the graph feature to `m, n, f, o` (Q).
            *Shape:* [2, 4 * H, G]
        weight_h: From the state before to `i, u, m, n, f, o` (U).
            *Shape:* [2, 6 * H, H]
        bias: *Shape:* [2, 6 * H]
    """

    weight_x: Tensor
    weight_g: Tensor
    weight_h: Tensor
    bias: Tensor
