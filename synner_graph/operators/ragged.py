"""Walking ragged sentences step by step, without padding.

A batch of sentences is one tensor of N rows; sentence `b` owns rows `offsets[b]:offsets[b + 1]`.
To visit token 0 of every sentence, then token 1, and so on, the rows are put in time-major order,
the longest sentence first. Step `t` then is a run of `batch_sizes[t]` rows, and the sentences still
running at step `t + 1` are the first `batch_sizes[t + 1]` of them: the batch shrinks, and nothing
is padded.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class TimeMajor:
    """Where the rows of a ragged batch stand when it is read step by step.

    Attributes:
        order: The row at each place when every sentence is read from its first token on.
            *Shape:* [N]
        reversed_order: The same, every sentence read from its last token back.
            *Shape:* [N]
        batch_sizes: How many sentences have a token at each step; it never grows.
    """

    order: Tensor
    reversed_order: Tensor
    batch_sizes: list[int]


def time_major(offsets: Tensor, rows: Tensor) -> TimeMajor:
    """Order the rows of a ragged batch by time step, longest sentence first.

    Args:
        offsets: First row of each sentence, and at the end the number of rows.
            *Shape:* [B + 1]
        rows: The batch, to compare with `offsets` and for its device.
            *Shape:* [N, ...]

    Raises:
        ValueError: The offsets do not cut the rows into sentences of one token or more.
    """
    offsets = offsets.cpu()
    check_offsets(offsets, len(rows))
    lengths = offsets.diff()
    sentences = len(lengths)
    rank = torch.empty_like(lengths)
    rank[lengths.argsort(descending=True, stable=True)] = torch.arange(sentences)

    owner = torch.repeat_interleave(lengths)  # [N]
    position = torch.arange(len(rows)) - offsets[owner]
    position_from_end = offsets[owner + 1] - 1 - torch.arange(len(rows))
    steps = torch.arange(int(lengths.max()))
    return TimeMajor(
        order=(position * sentences + rank[owner]).argsort().to(rows.device),
        reversed_order=(position_from_end * sentences + rank[owner]).argsort().to(rows.device),
        batch_sizes=(lengths > steps.unsqueeze(1)).sum(dim=1).tolist(),
    )


def restore(packed: Tensor, order: Tensor) -> Tensor:
    """Undo `rows[order]`: put the rows of a time-major tensor back where they came from."""
    return torch.empty_like(packed).index_copy(0, order, packed)


def check_offsets(offsets: Tensor, num_rows: int) -> None:
    """Raise unless `offsets` cut `num_rows` rows into sentences of one token or more.

    Raises:
        ValueError: They do not.
    """
    if offsets.dim() != 1 or len(offsets) < 2:
        raise ValueError(f"expected offsets of shape [B + 1], B >= 1, got {list(offsets.shape)}")
    bounds = offsets.tolist()  # tens of numbers: quicker than operations on tensors
    if bounds[0] != 0 or bounds[-1] != num_rows:
        ends = f"{bounds[0]} to {bounds[-1]}"
        raise ValueError(f"expected offsets from 0 to {num_rows}, the number of rows, got {ends}")
    if any(after <= before for before, after in pairwise(bounds)):
        raise ValueError("expected sentences of a token or more, got offsets that do not increase")
