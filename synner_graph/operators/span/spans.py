"""The candidate spans of a ragged batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from synner_graph.operators.ragged import check_offsets


@dataclass(frozen=True, slots=True)
class Spans:
    """All S spans of up to W tokens, the narrowest first; those of one width in the order of rows.

    Attributes:
        fits: Whether a span of 1 to W tokens starts at the row; W is not greater than the
            longest sentence.
            *Shape:* [W, N]
        starts: Row of each span's first token.
            *Shape:* [S]
        ends: Row after each span's last token.
            *Shape:* [S]
        cases: Class of each token, from 0, where weights read it.
            *Shape:* [N]
        pieces: How many pieces each token has, where weights read it.
            *Shape:* [N]
    """

    fits: Tensor
    starts: Tensor
    ends: Tensor
    cases: Tensor | None = None
    pieces: Tensor | None = None

    def find(self, starts: Tensor, widths: Tensor) -> Tensor:
        """Find the spans of `widths` tokens at the rows `starts` among the S spans.

        *Shape:* [M], [M] -> [M]
        """
        positions = self.fits.flatten().cumsum(0) - 1  # [W * N]
        return positions[(widths - 1) * self.fits.shape[1] + starts]


def length_bucket(pieces: Tensor, buckets: int) -> Tensor:
    """Return the bucket of a number of pieces: 1, 2, 3, 4, 5, 6-8, 9-16, 17-32 and so on.

    Source: AllenNLP's endpoint extractor, which gives SPANNER its token length (Fu et al., 2021).

    Args:
        pieces: Whole numbers; what is below 1 counts as 1.
            *Shape:* any
        buckets: How many there are; the last takes all that is greater.

    Returns:
        *Shape:* that of `pieces`
    """
    bounds = [1, 2, 3, 4, 5, *(2**power for power in range(3, 3 + max(buckets - 6, 0)))]
    limits = torch.tensor(bounds[: buckets - 1], device=pieces.device, dtype=pieces.dtype)
    return torch.bucketize(pieces.contiguous(), limits)


def candidate_spans(rows: Tensor, offsets: Tensor, max_width: int) -> Spans:
    """List every span of up to `max_width` tokens that lies in one sentence.

    Args:
        rows: The batch, for its device.
            *Shape:* [N, ...]
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        max_width: W.

    Raises:
        ValueError: The offsets do not fit the rows.
    """
    offsets = offsets.cpu()
    check_offsets(offsets, len(rows))
    room = torch.repeat_interleave(offsets[1:], offsets.diff()) - torch.arange(len(rows))  # [N]
    widths = torch.arange(1, min(max_width, int(room.max())) + 1)
    fits = room >= widths.unsqueeze(1)  # [W, N]
    width, starts = fits.nonzero().unbind(1)
    device = rows.device
    return Spans(fits.to(device), starts.to(device), (starts + width + 1).to(device))
