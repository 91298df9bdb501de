"""Cut the work into tiles and launch the kernels. Only this module imports Triton."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from synner_graph.operators.syn_lstm.projections import reorder_gates
from synner_graph.operators.syn_lstm.triton import resident, streamed

SENTENCES = 16  # read by a program: the rows of a tensor core's tile
RESIDENT_UNITS = 128
SHARED_UNITS = 256  # beyond, a program a direction has too much to do
EXCHANGE_BYTES = 32 * 1024  # of shared memory, beside U; more than any version has needed
STREAMED_OPTIONS = {"num_warps": 8, "num_stages": 2, "enable_fp_fusion": True}

Method = Literal["resident", "streamed", "stepwise"]


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a batch, longest first.

    Attributes:
        starts: First row of each.
            *Shape:* [B]
        lengths: Tokens of each.
            *Shape:* [B]
        longest: Length of the longest sentence in each tile.
    """

    starts: Tensor
    lengths: Tensor
    longest: list[int]

    @classmethod
    def of(cls, offsets: Tensor, device: torch.device) -> "Sentences":
        """Sort the sentences that `offsets`, on the CPU, cut."""
        lengths, order = offsets.diff().sort(descending=True, stable=True)
        both = torch.stack([offsets[:-1][order], lengths]).to(device)
        return cls(both[0], both[1], lengths[::SENTENCES].tolist())


def choose_method(size: int, operands: torch.dtype, device: torch.device) -> Method:
    """Choose how to read with a hidden size, by the memory on chip.

    Args:
        size: H.
        operands: What U and h are rounded to before they are multiplied.
        device: Where it runs; Triton's interpreter, on the CPU, always has enough memory.
    """
    if size > SHARED_UNITS:
        return "stepwise"
    units = _resident_units(size)
    if units > RESIDENT_UNITS:
        return "streamed"
    if device.type == "cpu":
        return "resident"
    properties = torch.cuda.get_device_properties(device)
    available = getattr(properties, "shared_memory_per_block_optin", 0)  # not in every PyTorch
    return "resident" if resident_bytes(units, operands) <= available else "streamed"


def resident_bytes(units: int, operands: torch.dtype) -> int:
    """Return the shared memory that a program needs to keep U of `units` units on chip."""
    return 6 * units**2 * operands.itemsize + EXCHANGE_BYTES


def read(
    gates: Tensor, weight_h: Tensor, sentences: Sentences, operands: torch.dtype, method: Method
) -> tuple[Tensor, Tensor]:
    """Run the recurrence: turn what x and g give to the gates into gates, in place.

    Args:
        gates: *Shape:* [N, 2, 6 * H], in the inner order
        weight_h: U, in the public order.
            *Shape:* [2, 6 * H, H]
        sentences: Those of the batch.
        operands: What U and h are rounded to before they are multiplied.
        method: See `choose_method`.

    Returns:
        Outputs h [N, 2 * H] and c [N, 2, H].
    """
    size, number = weight_h.shape[-1], len(sentences.starts)
    h, c = gates.new_empty(len(gates), 2 * size), gates.new_empty(len(gates), 2, size)
    given = sentences.starts, sentences.lengths, h, c, number
    with _device(gates):
        if method == "resident":
            units = _resident_units(size)
            recurrent = _padded(weight_h, units, operands)
            resident.read[(len(sentences.longest), 2)](
                gates,
                recurrent,
                *given,
                H=size,
                SENTENCES=SENTENCES,
                UNITS=units,
                **resident_options(units),
            )
        else:
            tile = tile_units(operands)
            width = _multiple(size, tile)
            recurrent = _padded(weight_h, width, operands)
            for first, steps, grid in _launches(sentences, width // tile, method):
                streamed.read[grid](
                    *(gates, recurrent, *given, first, steps),
                    H=size,
                    WIDTH=width,
                    SENTENCES=SENTENCES,
                    TILE=tile,
                    **STREAMED_OPTIONS,
                )
    return h, c


def read_back(
    gates: Tensor,
    c: Tensor,
    upstream: Tensor,
    weight_h: Tensor,
    sentences: Sentences,
    operands: torch.dtype,
    method: Method,
) -> Tensor:
    """Compute the gradients of what goes into the gates. *Shape:* [N, 2, 6 * H]

    Args:
        gates: As `read` left them.
            *Shape:* [N, 2, 6 * H]
        c: *Shape:* [N, 2, H]
        upstream: The gradient of h.
            *Shape:* [N, 2 * H]
        weight_h: U, in the public order.
            *Shape:* [2, 6 * H, H]
        sentences: Those of the batch.
        operands: What U and gradients are rounded to before they are multiplied.
        method: See `choose_method`.
    """
    size, number = weight_h.shape[-1], len(sentences.starts)
    into_gates = torch.empty_like(gates)
    given = sentences.starts, sentences.lengths, upstream, c
    with _device(gates):
        if method == "resident":
            units = _resident_units(size)
            recurrent = _padded(weight_h, units, operands)
            resident.read_back[(len(sentences.longest), 2)](
                *(gates, recurrent, *given, into_gates, number),
                H=size,
                SENTENCES=SENTENCES,
                UNITS=units,
                **resident_options(units),
            )
        else:
            tile = tile_units(operands)
            width = _multiple(size, tile)
            recurrent = _padded(weight_h, width, operands)
            carried = c.new_empty(number, 2, size)
            for first, steps, grid in reversed(_launches(sentences, width // tile, method)):
                streamed.read_back[grid](
                    *(gates, recurrent, *given, carried, into_gates, number),
                    *(first + steps - 1, steps),
                    H=size,
                    WIDTH=width,
                    SENTENCES=SENTENCES,
                    TILE=tile,
                    **STREAMED_OPTIONS,
                )
    return into_gates


def _device(rows: Tensor) -> AbstractContextManager[object]:
    return torch.cuda.device(rows.device) if rows.is_cuda else nullcontext()


def resident_options(units: int) -> dict[str, int]:
    """Return the options of `resident`: one stage, since loads made ahead would take U's room."""
    return {"num_warps": 8 if units > 32 else 4, "num_stages": 1, "enable_fp_fusion": True}


def _launches(
    sentences: Sentences, blocks: int, method: Method
) -> list[tuple[int, int, tuple[int, int, int]]]:
    """Return first step, number of steps and grid of each launch."""
    longest = sentences.longest
    if method == "streamed":
        return [(0, longest[0], (len(longest), 2, 1))]
    running = [sum(length > step for length in longest) for step in range(longest[0])]
    return [(step, 1, (tiles, 2, blocks)) for step, tiles in enumerate(running)]


def _resident_units(size: int) -> int:
    """Round H up to a size of Triton's blocks: a power of two, at least 16 to be multiplied."""
    return max(16, 1 << (size - 1).bit_length())


def tile_units(operands: torch.dtype) -> int:
    """Return how many units a tile of U has: those in 128 bytes, a line of the cache."""
    return 128 // operands.itemsize


def _multiple(size: int, tile: int) -> int:
    return -(-size // tile) * tile


def _padded(weight_h: Tensor, width: int, operands: torch.dtype) -> Tensor:
    """Lay U out by gate, in the inner order, with zeros beyond H. *Shape:* [2, 6, width, width]"""
    size = weight_h.shape[-1]
    padded = weight_h.new_zeros(2, 6, width, width, dtype=operands)
    padded[:, :, :size, :size] = reorder_gates(weight_h).view(2, 6, size, size)
    return padded
