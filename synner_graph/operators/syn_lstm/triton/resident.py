"""All steps in one launch, with U, h and c on chip: a program reads 16 sentences in one direction.

Triton keeps the six blocks of U, which the loop does not change, in shared memory. They have to
fit there: see `launch.resident_bytes`.
"""

import triton
import triton.language as tl

from synner_graph.operators.syn_lstm.triton.cell import (
    follows,
    load_recurrent,
    load_six,
    step,
    step_back,
    store_six,
    token,
)


@triton.jit(do_not_specialize=["num_sentences"])
def read(
    gates,
    recurrent,
    all_starts,
    all_lengths,
    all_h,
    all_c,
    num_sentences,
    H: tl.constexpr,
    SENTENCES: tl.constexpr,
    UNITS: tl.constexpr,
):
    """Turn what goes into the gates, without the recurrent part, into gates; write h and c.

    *Shape:* gates [N, 2, 6, H]; recurrent [2, 6, UNITS, UNITS], 0 beyond H; all_h and all_c
    [N, 2, H]; all_starts and all_lengths [B], longest first. Grid: blocks of sentences, directions.
    """
    direction = tl.program_id(1)
    sentence = tl.program_id(0) * SENTENCES + tl.arange(0, SENTENCES)
    starts = tl.load(all_starts + sentence, mask=sentence < num_sentences, other=0)
    lengths = tl.load(all_lengths + sentence, mask=sentence < num_sentences, other=0)
    unit = tl.arange(0, UNITS)

    # U of a gate as a right factor: [unit before, unit].
    square = recurrent + direction * 6 * UNITS * UNITS + unit[None, :] * UNITS + unit[:, None]
    u_i, u_u, u_f, u_o, u_m, u_n = load_recurrent(square, UNITS * UNITS)

    h = tl.zeros((SENTENCES, UNITS), recurrent.dtype.element_ty)
    c = tl.zeros((SENTENCES, UNITS), tl.float32)
    for number in range(tl.max(lengths, 0)):
        at = token(starts, lengths, number, direction)[:, None]
        mask = (number < lengths)[:, None] & (unit < H)[None, :]
        here = gates + at * 6 * H + unit[None, :]
        i, u, f, o, m, n = load_six(here, H, mask)
        i = tl.dot(h, u_i, i, input_precision="ieee")
        u = tl.dot(h, u_u, u, input_precision="ieee")
        f = tl.dot(h, u_f, f, input_precision="ieee")
        o = tl.dot(h, u_o, o, input_precision="ieee")
        m = tl.dot(h, u_m, m, input_precision="ieee")
        n = tl.dot(h, u_n, n, input_precision="ieee")
        i, u, f, o, m, n, c, exact_h = step(i, u, f, o, m, n, c)
        store_six(here, H, i, u, f, o, m, n, mask)
        tl.store(all_c + at * H + unit[None, :], c, mask=mask)
        tl.store(all_h + at * H + unit[None, :], exact_h, mask=mask)
        h = exact_h.to(recurrent.dtype.element_ty)


@triton.jit(do_not_specialize=["num_sentences"])
def read_back(
    gates,
    recurrent,
    all_starts,
    all_lengths,
    upstream,
    all_c,
    into_gates,
    num_sentences,
    H: tl.constexpr,
    SENTENCES: tl.constexpr,
    UNITS: tl.constexpr,
):
    """Write the gradients of what goes into the gates.

    *Shape:* gates and into_gates [N, 2, 6, H]; recurrent [2, 6, UNITS, UNITS], 0 beyond H; upstream
    and all_c [N, 2, H]; all_starts and all_lengths [B], longest first. Grid: blocks of sentences,
    directions.
    """
    direction = tl.program_id(1)
    sentence = tl.program_id(0) * SENTENCES + tl.arange(0, SENTENCES)
    starts = tl.load(all_starts + sentence, mask=sentence < num_sentences, other=0)
    lengths = tl.load(all_lengths + sentence, mask=sentence < num_sentences, other=0)
    unit = tl.arange(0, UNITS)
    operand = recurrent.dtype.element_ty

    # U of a gate as a right factor: [unit, unit before].
    square = recurrent + direction * 6 * UNITS * UNITS + unit[:, None] * UNITS + unit[None, :]
    u_i, u_u, u_f, u_o, u_m, u_n = load_recurrent(square, UNITS * UNITS)

    # A sentence whose last token is still to come reads zeros, and so its gradients stay 0.
    from_after = tl.zeros((SENTENCES, UNITS), tl.float32)
    grad_c = tl.zeros((SENTENCES, UNITS), tl.float32)
    longest = tl.max(lengths, 0)
    for back in range(longest):
        number = longest - 1 - back
        at = token(starts, lengths, number, direction)[:, None]
        before = token(starts, lengths, number - 1, direction)[:, None]
        mask = (number < lengths)[:, None] & (unit < H)[None, :]
        i, u, f, o, m, n = load_six(gates + at * 6 * H + unit[None, :], H, mask)
        c = tl.load(all_c + at * H + unit[None, :], mask=mask, other=0.0)
        had = follows(lengths, number)[:, None] & (unit < H)[None, :]
        c_before = tl.load(all_c + before * H + unit[None, :], mask=had, other=0.0)
        grad_h = from_after + tl.load(upstream + at * H + unit[None, :], mask=mask, other=0.0)
        i, u, f, o, m, n, grad_c = step_back(i, u, f, o, m, n, c, c_before, grad_h, grad_c)
        store_six(into_gates + at * 6 * H + unit[None, :], H, i, u, f, o, m, n, mask)
        from_after = tl.dot(i.to(operand), u_i, input_precision="ieee")
        from_after = tl.dot(u.to(operand), u_u, from_after, input_precision="ieee")
        from_after = tl.dot(f.to(operand), u_f, from_after, input_precision="ieee")
        from_after = tl.dot(o.to(operand), u_o, from_after, input_precision="ieee")
        from_after = tl.dot(m.to(operand), u_m, from_after, input_precision="ieee")
        from_after = tl.dot(n.to(operand), u_n, from_after, input_precision="ieee")
