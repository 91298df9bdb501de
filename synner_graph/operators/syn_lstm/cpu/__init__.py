"""Syn-LSTM in C++: the recurrence as one call for a whole batch, the rest as in `projections`."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from synner_graph.operators.build import build_obstacle, library
from synner_graph.operators.ragged import check_offsets
from synner_graph.operators.syn_lstm.fused import refuse_double_backward
from synner_graph.operators.syn_lstm.projections import project, project_back
from synner_graph.operators.syn_lstm.weights import SynLSTMWeights

SOURCE = Path(__file__).with_name("syn_lstm.cpp")


def syn_lstm(x: Tensor, g: Tensor, weights: SynLSTMWeights, offsets: Tensor) -> Tensor:
    """See `synner_graph.operators.syn_lstm.syn_lstm`."""
    offsets = offsets.to("cpu", torch.int64).contiguous()
    check_offsets(offsets, len(x))
    h: Tensor = _SynLSTM.apply(x, g, *weights, offsets)  # type: ignore[no-untyped-call]
    return h


def obstacle(rows: Tensor) -> str | None:
    """Why it cannot serve rows of this device and dtype here; None where it can."""
    if rows.device.type != "cpu":
        return f"it runs on the CPU, not on {rows.device.type}"
    if rows.dtype != torch.float32:
        return f"it computes in float32, not in {str(rows.dtype).removeprefix('torch.')}"
    return build_obstacle(SOURCE)


@cache
def _library() -> ctypes.CDLL:
    kernels = library(SOURCE)
    pointers, sizes = [ctypes.c_void_p] * 5, [ctypes.c_int64] * 3
    for function in (kernels.syn_lstm_forward, kernels.syn_lstm_backward):
        function.argtypes, function.restype = [*pointers, *sizes], None
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
        weights = SynLSTMWeights(weight_x, weight_g, weight_h.contiguous(), bias)
        with torch.autocast("cpu", enabled=False):
            gates = project(x, g, weights)
        size = weight_h.shape[-1]
        h, c = x.new_empty(len(x), 2 * size), x.new_empty(len(x), 2, size)
        _library().syn_lstm_forward(
            *(tensor.data_ptr() for tensor in (gates, weights.weight_h, offsets, h, c)),
            *(len(offsets) - 1, size, torch.get_num_threads()),
        )
        ctx.save_for_backward(x, g, *weights, offsets, h)
        ctx.gates_and_c = gates, c
        return h

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_double_backward("cpu")
        if ctx.gates_and_c is None:
            raise RuntimeError(
                "the implementation 'cpu' of the Syn-LSTM went backward already, and turned its "
                "gates into gradients: use 'fused' to go backward several times"
            )
        x, g, *parts, offsets, h = ctx.saved_tensors
        weights = SynLSTMWeights(*parts)
        (gates, c), ctx.gates_and_c = ctx.gates_and_c, None
        grad = grad.contiguous()
        _library().syn_lstm_backward(
            *(tensor.data_ptr() for tensor in (gates, weights.weight_h, offsets, grad, c)),
            *(len(offsets) - 1, weights.weight_h.shape[-1], torch.get_num_threads()),
        )
        with torch.autocast("cpu", enabled=False):
            wanted = ctx.needs_input_grad[:2]
            return (*project_back(gates, h, x, g, weights, offsets, *wanted), None)
