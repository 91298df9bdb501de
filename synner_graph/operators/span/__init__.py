"""Scores of every span of up to W tokens: a two-layer classifier over what a span is made of."""

from collections.abc import Callable

from torch import Tensor

from synner_graph.operators.choice import Implementation, choose
from synner_graph.operators.span import fused, naive
from synner_graph.operators.span.spans import Spans, candidate_spans
from synner_graph.operators.span.weights import SpanWeights

__all__ = ["IMPLEMENTATIONS", "SpanWeights", "Spans", "candidate_spans", "span_logits"]

_Algorithm = Callable[[Tensor, Spans, SpanWeights], Tensor]
IMPLEMENTATIONS: dict[str, Implementation[_Algorithm]] = {
    "fused": Implementation(fused.span_logits),
    "naive": Implementation(naive.span_logits),
}


def span_logits(
    h: Tensor, spans: Spans, weights: SpanWeights, implementation: str = "auto"
) -> Tensor:
    """Class scores of every span.

    The first layer reads the first and the last token, an embedding of the width, and the tokens
    averaged with weights from a softmax over the span (Lee et al., 2017), joined; the second one
    the GELU of that.

    Args:
        h: Node states.
            *Shape:* [N, C]
        spans: See `candidate_spans`.
        weights: See `SpanWeights`; what is None is no part of a span.
        implementation: `"fused"` (the first layer a token, not a span, at a time; memory does not
            grow with S * F; can be differentiated once), `"naive"` (joined vectors) or `"auto"`.

    Returns:
        *Shape:* [S, classes]

    Raises:
        ValueError: Shapes do not fit together.
        InputError: Unknown implementation.
    """
    if h.dim() != 2 or len(h) != spans.fits.shape[1]:
        raise ValueError(f"expected h of shape [{spans.fits.shape[1]}, C], got {list(h.shape)}")
    return choose("the span scores", implementation, IMPLEMENTATIONS, h)(h, spans, weights)
