"""Reference span classifier: every span is a joined vector, any device, differentiable."""

import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.operators.span.spans import Spans, length_bucket
from synner_graph.operators.span.weights import SpanWeights


def span_logits(h: Tensor, spans: Spans, weights: SpanWeights) -> Tensor:
    """See `synner_graph.operators.span.span_logits`."""
    vectors, blocks = [], []
    if weights.first is not None and weights.last is not None:
        vectors += [h[spans.starts], h[spans.ends - 1]]
        blocks += [weights.first, weights.last]
    if weights.embedding is not None and weights.width is not None:
        vectors.append(weights.embedding[spans.ends - spans.starts - 1])
        blocks.append(weights.width)
    if weights.score is not None and weights.value is not None:
        vectors.append(_pooled(h, spans, weights.score))
        blocks.append(weights.value)
    if weights.case_embedding is not None and weights.case is not None:
        vectors.append(_summed(weights.case_embedding[spans.cases], spans))
        blocks.append(weights.case)
    if weights.length_embedding is not None and weights.length is not None:
        assert spans.pieces is not None
        pieces = _summed(spans.pieces.unsqueeze(1), spans).squeeze(1)
        bucket = length_bucket(pieces, len(weights.length_embedding))
        vectors.append(weights.length_embedding[bucket])
        blocks.append(weights.length)
    hidden = F.linear(torch.cat(vectors, dim=1), torch.cat(blocks, dim=1), weights.bias)  # [S, F]
    return F.linear(F.gelu(hidden), weights.classify, weights.classify_bias)


def _pooled(h: Tensor, spans: Spans, score: Tensor) -> Tensor:
    """[S, C]: the tokens of each span, averaged with weights from a softmax."""
    scores = (h @ score.T).squeeze(1)  # [N]
    pooled = []
    for width, fits in enumerate(spans.fits, start=1):
        attention = scores.unfold(0, width, 1).softmax(dim=1)  # [N - width + 1, width]
        tokens = h.unfold(0, width, 1)  # [N - width + 1, C, width]
        means = (tokens @ attention.to(h.dtype).unsqueeze(2)).squeeze(2)
        pooled.append(means[fits[: len(means)]])
    return torch.cat(pooled)


def _summed(rows: Tensor, spans: Spans) -> Tensor:
    """[S, D]: the sum of the rows [N, D] of each span's tokens."""
    sums = []
    for width, fits in enumerate(spans.fits, start=1):
        of_width = rows.unfold(0, width, 1).sum(2)  # [N - width + 1, D]
        sums.append(of_width[fits[: len(of_width)]])
    return torch.cat(sums)
