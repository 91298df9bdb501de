"""Syn-LSTM on NVIDIA GPUs, in Triton: the recurrence in few launches, the rest as in `projections`.

U and h are rounded to the operands' dtype before they are multiplied; sums, c and all else are
float32. Triton is imported at the first call.
"""

import importlib.util
import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from synner_graph.operators.ragged import check_offsets
from synner_graph.operators.syn_lstm.fused import refuse_double_backward
from synner_graph.operators.syn_lstm.projections import project, project_back
from synner_graph.operators.syn_lstm.weights import SynLSTMWeights

if TYPE_CHECKING:
    from synner_graph.operators.syn_lstm.triton.launch import Method

INTERPRETER = "TRITON_INTERPRET"
"""The environment variable that makes Triton run its kernels on the CPU, slowly, for tests."""


def syn_lstm(
    x: Tensor,
    g: Tensor,
    weights: SynLSTMWeights,
    offsets: Tensor,
    operands: torch.dtype = torch.bfloat16,
    method: "Method | None" = None,
) -> Tensor:
    """See `synner_graph.operators.syn_lstm.syn_lstm`.

    Args:
        x: *Shape:* [N, D]
        g: *Shape:* [N, G]
        weights: See `SynLSTMWeights`.
        offsets: *Shape:* [B + 1]
        operands: `bfloat16`, `float16` (small gradients vanish in it, unless the loss is scaled) or
            float32 (without tensor cores).
        method: Where U stays; by default `launch.choose_method` decides.
    """
    from synner_graph.operators.syn_lstm.triton.launch import Sentences, choose_method

    offsets = offsets.to("cpu", torch.int64)
    check_offsets(offsets, len(x))
    sentences = Sentences.of(offsets, x.device)
    method = method or choose_method(weights.weight_h.shape[-1], operands, x.device)
    plan = offsets, sentences, operands, method
    h: Tensor = _SynLSTM.apply(x, g, *weights, *plan)  # type: ignore[no-untyped-call]
    return h


syn_lstm_float32 = partial(syn_lstm, operands=torch.float32)


def obstacle(rows: Tensor) -> str | None:
    """Say why it cannot run on this device and dtype here; None if it can."""
    reason = obstacle_float32(rows)
    if reason is not None:
        return reason
    if rows.device.type == "cpu":
        return "Triton's interpreter multiplies bfloat16 wrongly"
    return _without_bfloat16(rows.device)


def obstacle_float32(rows: Tensor) -> str | None:
    """Say the same for operands in float32."""
    interpreted = os.environ.get(INTERPRETER) == "1"
    if rows.device.type != ("cpu" if interpreted else "cuda"):
        return f"it runs on NVIDIA GPUs, not on {rows.device.type}"
    if torch.version.hip is not None:
        return "it runs on NVIDIA GPUs, not on AMD's"
    if rows.dtype != torch.float32:
        return f"it computes in float32, not in {str(rows.dtype).removeprefix('torch.')}"
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed: install `synner-graph[triton]`"
    return None


@cache
def _without_bfloat16(device: torch.device) -> str | None:
    major, minor = torch.cuda.get_device_capability(device)
    if major >= 8:
        return None
    return f"its GPU has compute capability {major}.{minor} and no bfloat16, which comes with 8.0"


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
        *plan: Any,
    ) -> Tensor:
        from synner_graph.operators.syn_lstm.triton import launch

        weights = SynLSTMWeights(weight_x, weight_g, weight_h, bias)
        with torch.autocast(x.device.type, enabled=False):
            gates = project(x, g, weights)
        h, c = launch.read(gates, weight_h, *plan)
        ctx.save_for_backward(x, g, *weights, offsets, gates, c, h)
        ctx.plan = plan
        return h

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        from synner_graph.operators.syn_lstm.triton import launch

        exact = ctx.plan[1] == torch.float32
        refuse_double_backward("triton-float32" if exact else "triton")
        x, g, *parts, offsets, gates, c, h = ctx.saved_tensors
        weights = SynLSTMWeights(*parts)
        into_gates = launch.read_back(gates, c, grad.contiguous(), weights.weight_h, *ctx.plan)
        with torch.autocast(x.device.type, enabled=False):
            wanted = ctx.needs_input_grad[:2]
            gradients = project_back(into_gates, h, x, g, weights, offsets, *wanted)
        return (*gradients, None, *(None for _ in ctx.plan))
