"""Bidirectional Syn-LSTM over the rows of a ragged batch (Xu et al., NAACL 2021)."""

from collections.abc import Callable

from torch import Tensor

from synner_graph.operators.choice import Kernel, choose
from synner_graph.operators.syn_lstm import cpu, fused, naive, triton
from synner_graph.operators.syn_lstm.weights import SynLSTMWeights

__all__ = ["KERNELS", "SynLSTMWeights", "syn_lstm"]

_Algorithm = Callable[[Tensor, Tensor, SynLSTMWeights, Tensor], Tensor]
KERNELS: dict[str, Kernel[_Algorithm]] = {
    "cpu": Kernel(cpu.syn_lstm, cpu.obstacle),
    "triton": Kernel(triton.syn_lstm, triton.obstacle),
    "triton-float32": Kernel(triton.syn_lstm_float32, triton.obstacle_float32),
    "fused": Kernel(fused.syn_lstm),
    "naive": Kernel(naive.syn_lstm),
}


def syn_lstm(
    x: Tensor, g: Tensor, weights: SynLSTMWeights, offsets: Tensor, kernel: str = "auto"
) -> Tensor:
    """Read tokens and graph features together, each sentence in both directions.

    From a zero state, at each token, with the weights of the direction:

        i = sigmoid(W_i x + U_i h⁻ + b_i)            u = tanh(W_u x + U_u h⁻ + b_u)
        m = sigmoid(Q_m g + U_m h⁻ + b_m)            n = tanh(Q_n g + U_n h⁻ + b_n)
        f = sigmoid(W_f x + Q_f g + U_f h⁻ + b_f)    o = sigmoid(W_o x + Q_o g + U_o h⁻ + b_o)
        c = f ⊙ c⁻ + i ⊙ u + m ⊙ n                   h = o ⊙ tanh(c)

    Args:
        x: Token vectors.
            *Shape:* [N, D]
        g: Graph features.
            *Shape:* [N, G]
        weights: See `SynLSTMWeights`.
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        kernel: `"auto"`, `"cpu"`, `"triton"`, `"triton-float32"`, `"fused"` or `"naive"`;
            docs/operators.md compares them.

    Returns:
        The states `h`, the forward half first.
            *Shape:* [N, 2 * H]

    Raises:
        ValueError: Shapes or offsets do not fit together.
        InputError: An unknown kernel, or one that cannot serve here.
    """
    _check(x, g, weights)
    x, g = x.to(weights.bias.dtype), g.to(weights.bias.dtype)  # autocast may have narrowed them
    return choose("the Syn-LSTM", kernel, KERNELS, x)(x, g, weights, offsets)


def _check(x: Tensor, g: Tensor, weights: SynLSTMWeights) -> None:
    if x.dim() != 2 or g.dim() != 2 or len(x) != len(g):
        raise ValueError(f"expected x [N, D] and g [N, G], got {list(x.shape)} and {list(g.shape)}")
    hidden = weights.weight_h.shape[-1]
    shapes = (
        [2, 4 * hidden, x.shape[1]],
        [2, 4 * hidden, g.shape[1]],
        [2, 6 * hidden, hidden],
        [2, 6 * hidden],
    )
    for name, weight, shape in zip(weights._fields, weights, shapes, strict=True):
        if list(weight.shape) != shape:
            raise ValueError(f"expected {name} of shape {shape}, got {list(weight.shape)}")
