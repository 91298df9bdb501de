"""Span classifier with a factorized first layer, and memory for one block of spans at a time.

A linear layer on joined vectors is the sum of one linear layer per part, and what comes from a
token is computed once a token, not once a span. With `j = i + w - 1` the last token,

    hidden[i, w] = first[i] + last[j] + width[w] + pooled[i, w] + marks[i, w] table

What a span counts, its tokens of each class and one in the bucket of its pieces, are its `marks`:
differences of prefix sums, which are whole numbers and exact. `table` has few rows.

The softmax pooling of a span is that of the span one token shorter and the new token. With `top`
the greatest score of the span's tokens and `value` the transformed states, `pooled` is
`total / weight`, where

    total[i, w] = fade[i, w] total[i, w - 1] + fresh[i, w] value[j]
    fade[i, w]  = exp(top[i, w - 1] - top[i, w])        fresh[i, w] = exp(score[j] - top[i, w])

and `weight` likewise with 1 for the value. Nothing overflows, and nothing cancels as it would in
differences of prefix sums. Backwards, the gradient of `total[i, w]` gets a share of that of
`total[i, w + 1]`: the same recurrence, the widest span first.

A block is a run of start rows, with all widths; it is computed again in the backward pass, so that
no tensor of S rows of width F ever exists. Spans across the end of a sentence are computed with
the others and dropped, which is cheaper than to gather those that fit.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.operators.span.spans import Spans, length_bucket
from synner_graph.operators.span.weights import SpanWeights

ROWS_IN_BLOCK = 80


def span_logits(h: Tensor, spans: Spans, weights: SpanWeights) -> Tensor:
    """See `synner_graph.operators.span.span_logits`."""
    blocks = (weights.first, weights.last, weights.value, weights.score)
    there = [block for block in blocks if block is not None]
    tokens = None
    if there:
        padded = F.pad(h, (0, 0, 0, len(spans.fits) - 1))  # a span of W tokens starts at every row
        tokens = _at_least_float32(F.linear(padded, torch.cat(there)))  # [N + W - 1, 3 * F + 1]
    width = weights.bias.expand(len(spans.fits), -1)  # [W, F]
    if weights.embedding is not None and weights.width is not None:
        width = width + F.linear(weights.embedding[: len(width)], weights.width)
    tables = (weights.case_embedding, weights.case), (weights.length_embedding, weights.length)
    marked = [F.linear(rows, to) for rows, to in tables if rows is not None and to is not None]
    logits: Tensor = _SpanLogits.apply(  # type: ignore[no-untyped-call]
        tokens,
        [0 if block is None else len(block) for block in blocks],
        _at_least_float32(width),
        _at_least_float32(torch.cat(marked)) if marked else None,
        _Marks(spans, *(0 if rows is None else len(rows) for rows, _ in tables)),
        _at_least_float32(weights.classify),
        _at_least_float32(weights.classify_bias),
        spans.fits,
    )
    return logits


class _SpanLogits(torch.autograd.Function):
    """From what tokens, widths and marks contribute to the class scores."""

    @staticmethod
    def forward(
        ctx: Any,
        tokens: Tensor | None,
        sizes: list[int],
        width: Tensor,
        table: Tensor | None,
        marks: "_Marks",
        classify: Tensor,
        classify_bias: Tensor,
        fits: Tensor,
    ) -> Tensor:
        """Scores [S, classes].

        Of tokens [N + W - 1, ...], widths [W, F], marks and their table, the second layer, `fits`.
        """
        ctx.sizes, ctx.marks = sizes, marks
        ctx.save_for_backward(tokens, width, table, classify, fits)
        layer = _FirstLayer(_columns(tokens, sizes), width, table, marks)
        logits = width.new_empty(*fits.shape, len(classify))
        with torch.autocast(width.device.type, enabled=False):
            for rows, widths in _blocks(fits):
                active = F.gelu(layer.hidden(rows, widths)[0])
                logits[:widths, rows] = F.linear(active, classify, classify_bias)
        return logits[fits]

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of the arguments of `forward`."""
        if torch.is_grad_enabled():
            raise RuntimeError(
                "the kernel 'fused' of the span scores has no second derivative: use "
                "'naive', or leave create_graph=False"
            )
        tokens, width, table, classify, fits = ctx.saved_tensors
        by_tokens = None if tokens is None else torch.zeros_like(tokens)
        layer = _FirstLayer(_columns(tokens, ctx.sizes), width, table, ctx.marks)
        gradient = _Gradient(_columns(by_tokens, ctx.sizes), layer)
        by_logits = upstream.new_zeros(*fits.shape, len(classify))
        by_logits[fits] = upstream
        by_classify = torch.zeros_like(classify)
        with torch.autocast(width.device.type, enabled=False):
            for rows, widths in _blocks(fits):
                hidden, total = layer.hidden(rows, widths)
                here = by_logits[:widths, rows].flatten(0, 1)  # [W * R, classes]
                active = F.gelu(hidden).flatten(0, 1)  # [W * R, F]
                by_classify.addmm_(here.T, active)
                by_active = torch.mm(here, classify, out=active).view_as(hidden)
                by_hidden = torch.ops.aten.gelu_backward.grad_input(
                    by_active, hidden, grad_input=by_active
                )
                gradient.add(by_hidden, total, rows, widths)
        gradient.finish()
        by_width, by_table = gradient.width, gradient.table
        return by_tokens, None, by_width, by_table, None, by_classify, upstream.sum(0), None


class _Columns(NamedTuple):
    """The parts of a token that exist, as views of one tensor.

    *Shape:* [N + W - 1, F], but for `score` [N + W - 1]
    """

    first: Tensor | None = None
    last: Tensor | None = None
    value: Tensor | None = None
    score: Tensor | None = None


def _columns(tokens: Tensor | None, sizes: list[int]) -> _Columns:
    if tokens is None:
        return _Columns()
    parts = torch.split(tokens, sizes, dim=1)
    first, last, value, score = (
        part if size else None for part, size in zip(parts, sizes, strict=True)
    )
    return _Columns(first, last, value, None if score is None else score.squeeze(1))


class _Marks:
    """The counts of spans, a block at a time.

    Args:
        spans: The batch.
        cases: Number of classes of tokens; 0 if they do not count.
        buckets: Number of buckets of pieces; 0 if they do not count.
    """

    def __init__(self, spans: Spans, cases: int, buckets: int) -> None:
        self.cases = cases
        self.buckets = buckets
        columns = []
        if cases and spans.cases is not None:
            columns.append(F.one_hot(spans.cases, cases))
        if buckets and spans.pieces is not None:
            columns.append(spans.pieces.unsqueeze(1))
        if columns:
            counted = F.pad(torch.cat(columns, dim=1), (0, 0, 1, len(spans.fits) - 1))
            self.before = counted.cumsum(0)  # [N + W, cases + 1]: up to each row, exclusive

    def block(self, rows: slice, widths: int) -> Tensor:
        """The marks of a block, as whole numbers. *Shape:* [W, R, cases + buckets]"""
        ends = self.before[rows.start + 1 : rows.stop + widths].unfold(0, rows.stop - rows.start, 1)
        counts = ends.transpose(1, 2) - self.before[rows]  # [W, R, cases + 1]
        if not self.buckets:
            return counts
        bucket = length_bucket(counts[..., -1], self.buckets)
        return torch.cat([counts[..., : self.cases], F.one_hot(bucket, self.buckets)], dim=2)


class _FirstLayer:
    """The first layer, a block of spans at a time."""

    def __init__(
        self, columns: _Columns, width: Tensor, table: Tensor | None, marks: _Marks
    ) -> None:
        self.columns = columns
        self.width = width
        self.table = table
        self.marks = marks
        if columns.score is not None:
            scores = columns.score.unfold(0, len(width), 1).T  # [W, N]
            top = scores.cummax(0).values
            self.fresh = (scores - top).exp()  # [W, N]
            self.fade = (top[:-1] - top[1:]).exp()  # [W - 1, N], from the second width on
            self.weight = torch.ones_like(top)
            for step, fade in enumerate(self.fade, start=1):
                self.weight[step] = torch.addcmul(self.fresh[step], self.weight[step - 1], fade)

    def hidden(self, rows: slice, widths: int) -> tuple[Tensor, Tensor | None]:
        """`hidden` of a block and, where there is pooling, `total`. *Shape:* [W, R, F] each."""
        first, last, value, _ = self.columns
        # A copy even of a single row, for it is added to in place.
        hidden = self.width[:widths].unsqueeze(1).repeat(1, rows.stop - rows.start, 1)
        if first is not None:
            hidden += first[rows]
        if self.table is not None:
            marks = self.marks.block(rows, widths).to(hidden.dtype)
            hidden.flatten(0, 1).addmm_(marks.flatten(0, 1), self.table)
        total = None if value is None else torch.empty_like(hidden)
        for step, here in enumerate(hidden):
            new = slice(rows.start + step, rows.stop + step)
            if last is not None:
                here += last[new]
            if value is not None and total is not None:
                if step == 0:
                    total[0] = value[new]
                else:
                    torch.mul(total[step - 1], self.fade[step - 1, rows, None], out=total[step])
                    total[step].addcmul_(value[new], self.fresh[step, rows, None])
                here.addcdiv_(total[step], self.weight[step, rows, None])
        return hidden, total


class _Gradient:
    """The gradients of the arguments of `_FirstLayer`, summed up block by block."""

    def __init__(self, columns: _Columns, layer: _FirstLayer) -> None:
        self.columns = columns
        self.layer = layer
        self.width = torch.zeros_like(layer.width)
        self.table = None if layer.table is None else torch.zeros_like(layer.table)
        if columns.score is not None:
            # Inner product of each span's pooled vector and its gradient, divided by `weight`.
            self.pooled = torch.zeros_like(layer.weight)  # [W, N]

    def add(self, by_hidden: Tensor, total: Tensor | None, rows: slice, widths: int) -> None:
        """Add what comes from one block. *Shape:* [W, R, F]"""
        layer = self.layer
        first, last, value, _ = self.columns
        self.width[:widths] += by_hidden.sum(1)
        if self.table is not None:
            marks = layer.marks.block(rows, widths).to(by_hidden.dtype)
            self.table.addmm_(marks.flatten(0, 1).T, by_hidden.flatten(0, 1))
        if first is not None:
            first[rows] = by_hidden.sum(0)
        if total is not None:
            weight = layer.weight[:widths, rows]
            self.pooled[:widths, rows] = total.mul_(by_hidden).sum(2).div_(weight).div_(weight)
        for step in reversed(range(widths)):
            here = by_hidden[step]
            new = slice(rows.start + step, rows.stop + step)
            if last is not None:
                last[new] += here
            if value is not None:
                here.div_(layer.weight[step, rows, None])  # becomes the gradient of `total`
                if step + 1 < widths:
                    here.addcmul_(by_hidden[step + 1], layer.fade[step, rows, None])
                value[new].addcmul_(here, layer.fresh[step, rows, None])

    def finish(self) -> None:
        """The gradient of the scores, for which that of the values must be complete."""
        layer = self.layer
        value, score = self.columns.value, self.columns.score
        if value is None or score is None or layer.columns.value is None:
            return
        score += (value * layer.columns.value).sum(1)
        later = torch.zeros_like(self.pooled[0])
        for step in reversed(range(len(self.pooled))):
            if step < len(layer.fade):
                later = later * layer.fade[step]
            later = later + self.pooled[step]
            score[step : step + len(later)] -= layer.fresh[step] * later


def _blocks(fits: Tensor) -> Iterator[tuple[slice, int]]:
    """Runs of rows, and the widest span that fits in each."""
    room = fits.sum(0).tolist()
    for start in range(0, len(room), ROWS_IN_BLOCK):
        rows = slice(start, min(start + ROWS_IN_BLOCK, len(room)))
        yield rows, max(room[rows])


def _at_least_float32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
