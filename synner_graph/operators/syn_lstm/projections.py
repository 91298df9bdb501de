"""The matrix products over all rows around the recurrence in `fused`.

Inside, the gates stand in the order i, u, f, o, m, n: what tokens feed (i, u, f, o) and what graph
features feed (f, o, m, n) then are runs of columns. Rows stay in token order.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from synner_graph.operators.syn_lstm.weights import SynLSTMWeights

_REORDERED = (0, 1, 4, 5, 2, 3)  # i, u, m, n, f, o <-> i, u, f, o, m, n: its own inverse


def reorder_gates(blocks: Tensor) -> Tensor:
    """[2, 6H, ...] in the public order, to the inner order or back."""
    gates = blocks.chunk(6, dim=1)
    return torch.cat([gates[position] for position in _REORDERED], dim=1)


def project(x: Tensor, g: Tensor, weights: SynLSTMWeights) -> Tensor:
    """Compute what tokens, graph features and biases add to the gates. *Shape:* [N, 2, 6 * H]"""
    size = weights.weight_h.shape[-1]
    bias = reorder_gates(weights.bias)
    gates = x.new_empty(len(x), 2, 6 * size)
    for direction in range(2):
        of_x, of_g = weights.weight_x[direction], weights.weight_g[direction]
        part, shift = gates[:, direction], bias[direction]
        torch.addmm(shift[: 4 * size], x, of_x.t(), out=part[:, : 4 * size])
        part[:, 2 * size : 4 * size].addmm_(g, of_g[2 * size :].t())
        torch.addmm(shift[4 * size :], g, of_g[: 2 * size].t(), out=part[:, 4 * size :])
    return gates


class Gradients(NamedTuple):
    """Gradients of x, g and the weights; None for an input that needs none."""

    x: Tensor | None
    g: Tensor | None
    weight_x: Tensor
    weight_g: Tensor
    weight_h: Tensor
    bias: Tensor


def project_back(
    gates: Tensor,
    h: Tensor,
    x: Tensor,
    g: Tensor,
    weights: SynLSTMWeights,
    offsets: Tensor,
    x_wanted: bool,
    g_wanted: bool,
) -> Gradients:
    """Compute all other gradients from those of the gates' inputs.

    Args:
        gates: Those gradients.
            *Shape:* [N, 2, 6 * H]
        h: The states.
            *Shape:* [N, 2 * H]
        x: Token vectors.
            *Shape:* [N, D]
        g: Graph features.
            *Shape:* [N, G]
        weights: See `SynLSTMWeights`.
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        x_wanted: Whether x needs a gradient.
        g_wanted: Whether g needs one.
    """
    size = weights.weight_h.shape[-1]
    before = states_before(h, offsets)  # [2, N, H]
    grad_x = torch.zeros_like(x) if x_wanted else None
    grad_g = torch.zeros_like(g) if g_wanted else None
    grads = SynLSTMWeights(*(torch.empty_like(weight) for weight in weights))
    grad_h = torch.empty_like(weights.weight_h)
    for direction in range(2):
        of_x, of_g = weights.weight_x[direction], weights.weight_g[direction]
        part = gates[:, direction]  # [N, 6H]
        i_to_o, f_and_o, m_and_n = (
            part[:, : 4 * size],
            part[:, 2 * size : 4 * size],
            part[:, 4 * size :],
        )
        if grad_x is not None:
            grad_x.addmm_(i_to_o, of_x)
        if grad_g is not None:
            grad_g.addmm_(f_and_o, of_g[2 * size :]).addmm_(m_and_n, of_g[: 2 * size])
        torch.mm(i_to_o.t(), x, out=grads.weight_x[direction])
        torch.mm(f_and_o.t(), g, out=grads.weight_g[direction, 2 * size :])
        torch.mm(m_and_n.t(), g, out=grads.weight_g[direction, : 2 * size])
        torch.mm(part.t(), before[direction], out=grad_h[direction])
    return Gradients(
        grad_x,
        grad_g,
        grads.weight_x,
        grads.weight_g,
        reorder_gates(grad_h),
        reorder_gates(gates.sum(0)),
    )


def states_before(h: Tensor, offsets: Tensor) -> Tensor:
    """[2, N, H]: what each direction had read when it came to a row; 0 at its first."""
    forward, backward = h.chunk(2, dim=1)
    offsets = offsets.to(h.device)
    before = h.new_empty(2, *forward.shape)
    before[0, 1:] = forward[:-1]
    before[1, :-1] = backward[1:]
    before[0].index_fill_(0, offsets[:-1], 0)
    before[1].index_fill_(0, offsets[1:] - 1, 0)
    return before
