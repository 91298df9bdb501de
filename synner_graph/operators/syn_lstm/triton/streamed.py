"""Any H and operands: U streams by in tiles, and h and the gradients come back from memory.

The body is a step of some sentences for a block of units. It is launched in two ways: a program
does all steps and all units, one block after another; or each block of units is a program and each
step a launch, because only a launch lets every program see what the others have written.
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


@triton.jit
def read_block(
    gates,
    recurrent,
    h,
    c,
    starts,
    lengths,
    direction,
    number,
    first_unit,
    H: tl.constexpr,
    WIDTH: tl.constexpr,
    TILE: tl.constexpr,
):
    """Take a step of some sentences, for a block of units."""
    unit = first_unit + tl.arange(0, TILE)
    at = token(starts, lengths, number, direction)[:, None]
    before = token(starts, lengths, number - 1, direction)[:, None]
    mask = (number < lengths)[:, None] & (unit < H)[None, :]
    had = follows(lengths, number)[:, None]

    here = gates + at * 6 * H + unit[None, :]
    i, u, f, o, m, n = load_six(here, H, mask)
    for depth in range(0, WIDTH, TILE):
        k = depth + tl.arange(0, TILE)
        h_before = tl.load(h + before * H + k[None, :], mask=had & (k < H)[None, :], other=0.0)
        factor = h_before.to(recurrent.dtype.element_ty)
        u_i, u_u, u_f, u_o, u_m, u_n = load_recurrent(
            recurrent + direction * 6 * WIDTH * WIDTH + unit[None, :] * WIDTH + k[:, None],
            WIDTH * WIDTH,
        )
        i = tl.dot(factor, u_i, i, input_precision="ieee")
        u = tl.dot(factor, u_u, u, input_precision="ieee")
        f = tl.dot(factor, u_f, f, input_precision="ieee")
        o = tl.dot(factor, u_o, o, input_precision="ieee")
        m = tl.dot(factor, u_m, m, input_precision="ieee")
        n = tl.dot(factor, u_n, n, input_precision="ieee")
    c_before = tl.load(c + before * H + unit[None, :], mask=mask & had, other=0.0)
    i, u, f, o, m, n, new_c, new_h = step(i, u, f, o, m, n, c_before)
    store_six(here, H, i, u, f, o, m, n, mask)
    tl.store(c + at * H + unit[None, :], new_c, mask=mask)
    tl.store(h + at * H + unit[None, :], new_h, mask=mask)


@triton.jit(do_not_specialize=["num_sentences", "first_step", "steps"])
def read(
    gates,
    recurrent,
    all_starts,
    all_lengths,
    h,
    c,
    num_sentences,
    first_step,
    steps,
    H: tl.constexpr,
    WIDTH: tl.constexpr,
    SENTENCES: tl.constexpr,
    TILE: tl.constexpr,
):
    """Do as `resident.read`, for `steps` steps from `first_step` on.

    Grid: blocks of sentences, directions, programs that share the units. If several programs share
    the units, `steps` must be 1: programs of a launch cannot wait for each other.
    """
    direction = tl.program_id(1)
    sentence = tl.program_id(0) * SENTENCES + tl.arange(0, SENTENCES)
    starts = tl.load(all_starts + sentence, mask=sentence < num_sentences, other=0)
    lengths = tl.load(all_lengths + sentence, mask=sentence < num_sentences, other=0)
    for number in range(first_step, min(first_step + steps, tl.max(lengths, 0))):
        for unit in range(tl.program_id(2) * TILE, H, tl.num_programs(2) * TILE):
            read_block(
                gates,
                recurrent,
                h,
                c,
                starts,
                lengths,
                direction,
                number,
                unit,
                H,
                WIDTH,
                TILE,
            )
        tl.debug_barrier()  # the next step reads what other threads have written in this one


@triton.jit
def read_back_block(
    gates,
    recurrent,
    upstream,
    c,
    carried,
    into_gates,
    starts,
    lengths,
    sentence,
    direction,
    number,
    first_unit,
    H: tl.constexpr,
    WIDTH: tl.constexpr,
    TILE: tl.constexpr,
):
    """Take a step of the backward pass of some sentences, for a block of units."""
    unit = first_unit + tl.arange(0, TILE)
    at = token(starts, lengths, number, direction)[:, None]
    before = token(starts, lengths, number - 1, direction)[:, None]
    after = token(starts, lengths, number + 1, direction)[:, None]
    mask = (number < lengths)[:, None] & (unit < H)[None, :]
    continues = (number + 1 < lengths)[:, None]

    grad_h = tl.load(upstream + at * H + unit[None, :], mask=mask, other=0.0)
    for depth in range(0, 6 * WIDTH, TILE):
        k = depth % WIDTH + tl.arange(0, TILE)  # of the gate depth // WIDTH
        column = depth // WIDTH * H + k
        into = tl.load(
            into_gates + after * 6 * H + column[None, :],
            mask=continues & (k < H)[None, :],
            other=0.0,
        )
        row = direction * 6 * WIDTH + depth + tl.arange(0, TILE)
        block = tl.load(recurrent + row[:, None] * WIDTH + unit[None, :])
        grad_h = tl.dot(into.to(recurrent.dtype.element_ty), block, grad_h, input_precision="ieee")
    i, u, f, o, m, n = load_six(gates + at * 6 * H + unit[None, :], H, mask)
    c_here = tl.load(c + at * H + unit[None, :], mask=mask, other=0.0)
    had = follows(lengths, number)[:, None]
    c_before = tl.load(c + before * H + unit[None, :], mask=mask & had, other=0.0)
    place = carried + (sentence * 2 + direction)[:, None] * H + unit[None, :]
    grad_c = tl.load(place, mask=mask & continues, other=0.0)
    i, u, f, o, m, n, grad_c = step_back(i, u, f, o, m, n, c_here, c_before, grad_h, grad_c)
    store_six(into_gates + at * 6 * H + unit[None, :], H, i, u, f, o, m, n, mask)
    tl.store(place, grad_c, mask=mask)


@triton.jit(do_not_specialize=["num_sentences", "last_step", "steps"])
def read_back(
    gates,
    recurrent,
    all_starts,
    all_lengths,
    upstream,
    c,
    carried,
    into_gates,
    num_sentences,
    last_step,
    steps,
    H: tl.constexpr,
    WIDTH: tl.constexpr,
    SENTENCES: tl.constexpr,
    TILE: tl.constexpr,
):
    """Do as `resident.read_back`, for `steps` steps from `last_step` down to 0.

    *Shape:* carried [B, 2, H], room for the gradient of c between steps. Grid: as in `read`.
    """
    direction = tl.program_id(1)
    sentence = tl.program_id(0) * SENTENCES + tl.arange(0, SENTENCES)
    starts = tl.load(all_starts + sentence, mask=sentence < num_sentences, other=0)
    lengths = tl.load(all_lengths + sentence, mask=sentence < num_sentences, other=0)
    latest = min(last_step, tl.max(lengths, 0) - 1)
    for back in range(last_step - latest, steps):
        number = last_step - back
        for unit in range(tl.program_id(2) * TILE, H, tl.num_programs(2) * TILE):
            read_back_block(
                gates,
                recurrent,
                upstream,
                c,
                carried,
                into_gates,
                starts,
                lengths,
                sentence,
                direction,
                number,
                unit,
                H,
                WIDTH,
                TILE,
            )
        tl.debug_barrier()  # the next step reads what other threads have written in this one
