"""Syn-LSTM, differentiated by hand in PyTorch operations: any device and dtype, no compiler.

Autograd would record a dozen small operations a step. Here a step forward is one batched product
for both directions and the activations in place; a step backward is one product and the few
multiplications that need the step after. All else is done for all steps at once: the derivatives
of the activations before the loop, the gradients of the weights, of x and of g after it. Saved are
the gates, c and h.
"""

from typing import Any

import torch
from torch import Tensor

from synner_graph.operators.ragged import TimeMajor, time_major
from synner_graph.operators.syn_lstm.projections import project, project_back, reorder_gates
from synner_graph.operators.syn_lstm.weights import SynLSTMWeights


def syn_lstm(x: Tensor, g: Tensor, weights: SynLSTMWeights, offsets: Tensor) -> Tensor:
    """See `synner_graph.operators.syn_lstm.syn_lstm`."""
    time = time_major(offsets, x)
    h: Tensor = _SynLSTM.apply(x, g, *weights, offsets, time)  # type: ignore[no-untyped-call]
    return h


def refuse_double_backward(kernel: str) -> None:
    """Raise where a backward pass is itself being recorded.

    Raises:
        RuntimeError: It is.
    """
    if torch.is_grad_enabled():
        raise RuntimeError(
            f"the kernel {kernel!r} of the Syn-LSTM has no second derivative: "
            "use 'naive', or leave create_graph=False"
        )


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
        time: TimeMajor,
    ) -> Tensor:
        weights = SynLSTMWeights(weight_x, weight_g, weight_h, bias)
        with torch.autocast(x.device.type, enabled=False):
            gates, c, h = _read(project(x, g, weights), weights, time)
        ctx.save_for_backward(x, g, *weights, offsets, gates, c, h)
        ctx.time = time
        return h

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        refuse_double_backward("fused")
        x, g, *parts, offsets, gates, c, h = ctx.saved_tensors
        weights = SynLSTMWeights(*parts)
        with torch.autocast(x.device.type, enabled=False):
            into_gates = _read_back(gates, c, grad, weights, ctx.time)
            wanted = ctx.needs_input_grad[:2]
            return (*project_back(into_gates, h, x, g, weights, offsets, *wanted), None, None)


def _orders(time: TimeMajor) -> tuple[Tensor, Tensor]:
    return time.order, time.reversed_order


def _by_step(rows: Tensor, time: TimeMajor) -> Tensor:
    """[N, 2, ...] in token order to [2, N, ...], each direction in the order of its steps."""
    return torch.stack([rows[:, d].index_select(0, order) for d, order in enumerate(_orders(time))])


def _by_token(rows: Tensor, time: TimeMajor) -> Tensor:
    """[2, N, ...], each direction in the order of its steps, to [N, 2, ...] in token order."""
    restored = rows.new_empty(rows.shape[1], 2, *rows.shape[2:])
    for direction, order in enumerate(_orders(time)):
        restored[:, direction].index_copy_(0, order, rows[direction])
    return restored


def _read(
    inputs: Tensor, weights: SynLSTMWeights, time: TimeMajor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gates [2, N, 6H] and c [2, N, H] by step, h [N, 2H] by token."""
    gates = _by_step(inputs, time)
    recurrent = reorder_gates(weights.weight_h).mT.contiguous()  # [2, H, 6H]
    size = recurrent.shape[1]
    all_c, all_h = (gates.new_empty(2, gates.shape[1], size) for _ in range(2))
    sizes = time.batch_sizes
    c_before = h_before = gates.new_zeros(0)
    for number, (step, c, h) in enumerate(
        zip(*(torch.split(rows, sizes, dim=1) for rows in (gates, all_c, all_h)), strict=True)
    ):
        if number > 0:
            step.baddbmm_(h_before[:, : step.shape[1]], recurrent)
        i, u, f, o, m, n = step.chunk(6, dim=2)
        i.sigmoid_()
        u.tanh_()
        step[:, :, 2 * size : 5 * size].sigmoid_()  # f, o, m
        n.tanh_()
        torch.mul(i, u, out=c).addcmul_(m, n)
        if number > 0:
            c.addcmul_(f, c_before[:, : step.shape[1]])
        torch.tanh(c, out=h).mul_(o)
        c_before, h_before = c, h
    return gates, all_c, _by_token(all_h, time).flatten(1)


def _read_back(
    gates: Tensor, c: Tensor, grad: Tensor, weights: SynLSTMWeights, time: TimeMajor
) -> Tensor:
    """The gradients of what goes into the gates, by token. *Shape:* [N, 2, 6 * H]"""
    grad_h = _by_step(grad.reshape(len(grad), 2, -1), time)  # [2, N, H]
    recurrent = reorder_gates(weights.weight_h)  # [2, 6H, H]
    i, u, f, o, m, n = gates.chunk(6, dim=2)
    out = c.tanh()
    # The gradient of what goes into a gate is one of these times that of c, for o that of h.
    into = torch.cat(
        [
            u * i * (1 - i),
            i * (1 - u * u),
            _before(c, time) * f * (1 - f),
            out * o * (1 - o),
            n * m * (1 - m),
            m * (1 - n * n),
        ],
        dim=2,
    )
    h_to_c = o * (1 - out * out)

    sizes = time.batch_sizes
    steps = [torch.split(rows, sizes, dim=1) for rows in (into, grad_h, h_to_c, f)]
    into_after, carried = into[:, :0], c[:, :0]  # of the step after: fewer sentences
    for step, step_grad_h, step_h_to_c, step_f in zip(*map(reversed, steps), strict=True):
        running = into_after.shape[1]
        if running:
            step_grad_h[:, :running].baddbmm_(into_after, recurrent)
        grad_c = step_grad_h * step_h_to_c  # [2, b, H]
        grad_c[:, :running] += carried
        blocks = step.view(2, step.shape[1], 6, -1)  # [2, b, 6, H]
        blocks[:, :, 3] *= step_grad_h
        blocks[:, :, :3] *= grad_c.unsqueeze(2)
        blocks[:, :, 4:] *= grad_c.unsqueeze(2)
        into_after, carried = step, grad_c.mul_(step_f)
    return _by_token(into, time)


def _before(c: Tensor, time: TimeMajor) -> Tensor:
    """[2, N, H] by step: c as it was one step before; 0 at the first."""
    first = time.batch_sizes[0]
    before = torch.zeros_like(c)
    position = first
    for previous, running in zip(time.batch_sizes, time.batch_sizes[1:], strict=False):
        before[:, position : position + running] = c[:, position - previous :][:, :running]
        position += running
    return before
