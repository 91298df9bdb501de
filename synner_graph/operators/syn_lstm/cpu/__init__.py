"""Syn-LSTM in C++: the recurrence as one call for a whole batch, the rest as products of all rows.

What x and g contribute lies apart, in the order of `weight_x` and `weight_g`: a product then serves
all their gates and both directions.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from synner_graph.operators.build import build_obstacle, library
from synner_graph.operators.ragged import check_offsets
from synner_graph.operators.syn_lstm.fused import refuse_double_backward
from synner_graph.operators.syn_lstm.projections import states_before
from synner_graph.operators.syn_lstm.weights import SynLSTMWeights

SOURCE = Path(__file__).with_name("syn_lstm.cpp")


def syn_lstm(x: Tensor, g: Tensor, weights: SynLSTMWeights, offsets: Tensor) -> Tensor:
    """See `synner_graph.operators.syn_lstm.syn_lstm`."""
    offsets = offsets.to("cpu", torch.int64).contiguous()
    check_offsets(offsets, len(x))
    h: Tensor = _SynLSTM.apply(x, g, *weights, offsets)  # type: ignore[no-untyped-call]
    return h


def obstacle(rows: Tensor) -> str | None:
    """Say why it cannot run on this device and dtype here; None if it can."""
    if rows.device.type != "cpu":
        return f"it runs on the CPU, not on {rows.device.type}"
    if rows.dtype != torch.float32:
        return f"it computes in float32, not in {str(rows.dtype).removeprefix('torch.')}"
    return build_obstacle(SOURCE)


@cache
def _library() -> ctypes.CDLL:
    kernels = library(SOURCE)
    for function, tensors in ((kernels.syn_lstm_forward, 7), (kernels.syn_lstm_backward, 6)):
        function.argtypes = [ctypes.c_void_p] * tensors + [ctypes.c_int64] * 3
        function.restype = None
    return kernels


class _SynLSTM(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        g: Tensor,
        weight_x: Tensor,
        weight_g: Tensor,
        weight_h: Tensor,
        bias: Tensor,
        offsets: Tensor,
    ) -> Tensor:
        size = weight_h.shape[-1]
        with torch.autocast("cpu", enabled=False):
            of_x = torch.mm(x, _both(weight_x).t())  # [N, 2 * 4H]: becomes i, u, f, o
            of_g = torch.mm(g, _both(weight_g).t())  # [N, 2 * 4H]: becomes m, n, and what fed f, o
        weight_h, bias = weight_h.contiguous(), bias.contiguous()
        h, c = x.new_empty(len(x), 2 * size), x.new_empty(len(x), 2, size)
        tensors = (of_x, of_g, weight_h, bias, offsets, h, c)
        _library().syn_lstm_forward(
            *map(Tensor.data_ptr, tensors), len(offsets) - 1, size, torch.get_num_threads()
        )
        ctx.save_for_backward(x, g, weight_x, weight_g, weight_h, offsets, h)
        ctx.gates_and_c = of_x, of_g, c
        return h

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_double_backward("cpu")
        if ctx.gates_and_c is None:
            raise RuntimeError(
                "the kernel 'cpu' of the Syn-LSTM went backward already, and turned its "
                "gates into gradients: use 'fused' to go backward several times"
            )
        x, g, weight_x, weight_g, weight_h, offsets, h = ctx.saved_tensors
        (of_x, of_g, c), ctx.gates_and_c = ctx.gates_and_c, None
        tensors = (of_x, of_g, weight_h, offsets, grad.contiguous(), c)
        _library().syn_lstm_backward(
            *map(Tensor.data_ptr, tensors),
            *(len(offsets) - 1, weight_h.shape[-1], torch.get_num_threads()),
        )
        x_wanted, g_wanted = ctx.needs_input_grad[:2]
        with torch.autocast("cpu", enabled=False):
            return (
                torch.mm(of_x, _both(weight_x)) if x_wanted else None,
                torch.mm(of_g, _both(weight_g)) if g_wanted else None,
                torch.mm(of_x.t(), x).view_as(weight_x),
                torch.mm(of_g.t(), g).view_as(weight_g),
                *_recurrent_gradients(of_x, of_g, states_before(h, offsets)),
                None,
            )


def _both(weight: Tensor) -> Tensor:
    """Both directions one after the other: one product serves both."""
    return weight.flatten(0, 1)


def _recurrent_gradients(of_x: Tensor, of_g: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the gradients of `weight_h` and the bias from those of the gates' inputs."""
    size = before.shape[-1]
    grad_h, bias = before.new_empty(2, 6 * size, size), before.new_empty(2, 6 * size)
    sums_x, sums_g = (rows.sum(0).view(2, 4 * size) for rows in (of_x, of_g))
    of_x, of_g = (rows.view(-1, 2, 4 * size) for rows in (of_x, of_g))
    gates = (  # where two of i, u, m, n, f, o come from
        (of_x[:, :, : 2 * size], sums_x[:, : 2 * size]),
        (of_g[:, :, : 2 * size], sums_g[:, : 2 * size]),
        (of_x[:, :, 2 * size :], sums_x[:, 2 * size :]),
    )
    for number, (rows, sums) in enumerate(gates):
        place = slice(2 * number * size, 2 * (number + 1) * size)
        bias[:, place] = sums
        for direction in range(2):
            torch.mm(rows[:, direction].t(), before[direction], out=grad_h[direction, place])
    return grad_h, bias
