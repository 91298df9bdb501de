"""Candidate spans, and what a span head sees of them.

A span is never built as a joined vector. A linear layer on joined parts is the sum of one linear
layer per part, and the token parts are transformed before they are gathered or pooled: once a
token, not once a span.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from synner_graph.heads.base import at_least_float32
from synner_graph.operators.ragged import check_offsets


@dataclass(frozen=True, slots=True)
class Spans:
    """All S spans of up to W tokens of a ragged batch, the narrowest first.

    Spans of one width follow in the order of `order`: rows with the most tokens up to the end of
    their sentence first. So a span of `w` tokens fits at the first `counts[w - 1]` rows of it.

    Attributes:
        order: *Shape:* [N]
        counts: Number of spans of 1, 2, ... tokens, as far as there are any.
        starts: Row of each span's first token.
            *Shape:* [S]
        ends: Row after each span's last token.
            *Shape:* [S]
    """

    order: Tensor
    counts: list[int]
    starts: Tensor
    ends: Tensor

    def find(self, starts: Tensor, widths: Tensor) -> Tensor:
        """Positions among the S spans of those of `widths` tokens at the rows `starts`.

        *Shape:* [M], [M] -> [M]
        """
        rank = torch.empty_like(self.order)
        rank[self.order] = torch.arange(len(self.order), device=rank.device)
        counts = torch.tensor(self.counts, device=rank.device)
        return (counts.cumsum(0) - counts)[widths - 1] + rank[starts]


def candidate_spans(rows: Tensor, offsets: Tensor, max_width: int) -> Spans:
    """Every span of up to `max_width` tokens that lies in one sentence.

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
    order = room.argsort(descending=True, stable=True)
    widths = torch.arange(1, min(max_width, int(room.max())) + 1)
    counts = (room >= widths.unsqueeze(1)).sum(dim=1)
    starts = torch.cat([order[:count] for count in counts])
    ends = starts + widths.repeat_interleave(counts)
    device = rows.device
    return Spans(order.to(device), counts.tolist(), starts.to(device), ends.to(device))


class Endpoints(nn.Module):
    """First and last token of the span."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.first = nn.Linear(input_size, hidden_size, bias=False)
        self.last = nn.Linear(input_size, hidden_size, bias=False)

    def forward(self, h: Tensor, spans: Spans) -> Tensor:
        """*Shape:* [N, C] -> [S, F]."""
        first: Tensor = self.first(h)  # [N, F]
        last: Tensor = self.last(h)  # [N, F]
        return first.index_select(0, spans.starts) + last.index_select(0, spans.ends - 1)


class Width(nn.Module):
    """An embedding of the number of tokens."""

    def __init__(self, max_width: int, width_size: int, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(max_width, width_size)
        self.linear = nn.Linear(width_size, hidden_size, bias=False)

    def forward(self, h: Tensor, spans: Spans) -> Tensor:
        """*Shape:* [N, C] -> [S, F]."""
        per_width: Tensor = self.linear(self.embedding.weight)  # [W, F]
        return per_width.index_select(0, spans.ends - spans.starts - 1)


class Pooling(nn.Module):
    """The span's tokens averaged with weights from a softmax over the span (Lee et al., 2017).

    One pass over the widths: a span's sums are those of the span one token shorter plus the new
    token's. They are kept relative to the largest score so far, as differences of prefix sums
    would overflow or cancel.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.score = nn.Linear(input_size, 1, bias=False)  # a bias would cancel in the softmax
        self.value = nn.Linear(input_size, hidden_size, bias=False)

    def forward(self, h: Tensor, spans: Spans) -> Tensor:
        """*Shape:* [N, C] -> [S, F]."""
        score = at_least_float32(self.score(h))  # [N, 1]
        value = self.value(h)  # [N, F]
        # Sums over the spans of one width; no gradient through `top`, which cancels in the ratio.
        top = score.detach().index_select(0, spans.order)  # [n, 1]
        weight = (score.index_select(0, spans.order) - top).exp()  # [n, 1]
        total = weight * value.index_select(0, spans.order)  # [n, F]
        pooled = [total / weight]
        for step, count in enumerate(spans.counts[1:], start=1):
            rows = spans.order[:count] + step
            new_score = score.index_select(0, rows)
            new_top = torch.maximum(top[:count], new_score.detach())
            shrink, new_weight = (top[:count] - new_top).exp(), (new_score - new_top).exp()
            weight = weight[:count] * shrink + new_weight
            total = total[:count] * shrink + new_weight * value.index_select(0, rows)
            top = new_top
            pooled.append(total / weight)
        return torch.cat(pooled)
