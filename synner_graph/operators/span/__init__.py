"""Score every span of up to W tokens by a two-layer classifier over its parts."""

from collections.abc import Callable

from torch import Tensor

from synner_graph.operators.choice import Kernel, choose
from synner_graph.operators.span import fused, naive
from synner_graph.operators.span.spans import Spans, candidate_spans, length_bucket
from synner_graph.operators.span.weights import SpanWeights

__all__ = [
    "KERNELS",
    "SpanWeights",
    "Spans",
    "candidate_spans",
    "length_bucket",
    "span_logits",
]

_Algorithm = Callable[[Tensor, Spans, SpanWeights], Tensor]
KERNELS: dict[str, Kernel[_Algorithm]] = {
    "fused": Kernel(fused.span_logits),
    "naive": Kernel(naive.span_logits),
}


def span_logits(h: Tensor, spans: Spans, weights: SpanWeights, kernel: str = "auto") -> Tensor:
    """Return the class scores of every span.

    The first layer reads the first and the last token, an embedding of the width, the tokens
    averaged with weights from a softmax over the span (Lee et al., 2017), the sum of vectors of the
    tokens' classes and an embedding of the number of pieces (Fu et al., 2021), joined; the second
    one the GELU of that.

    Args:
        h: Node states.
            *Shape:* [N, C]
        spans: See `candidate_spans`; with `cases` and `pieces` where the weights read them.
        weights: See `SpanWeights`; what is None is no part of a span.
        kernel: `"fused"` (the first layer a token, not a span, at a time; memory does not
            grow with S * F; can be differentiated once), `"naive"` (joined vectors) or `"auto"`.

    Returns:
        *Shape:* [S, classes]

    Raises:
        ValueError: Shapes do not fit together.
        InputError: Unknown kernel.
    """
    if h.dim() != 2 or len(h) != spans.fits.shape[1]:
        raise ValueError(f"expected h of shape [{spans.fits.shape[1]}, C], got {list(h.shape)}")
    for name, table in (("cases", weights.case_embedding), ("pieces", weights.length_embedding)):
        column: Tensor | None = getattr(spans, name)
        if table is not None and (column is None or column.shape != (len(h),)):
            got = "none" if column is None else list(column.shape)
            raise ValueError(f"expected {name} of shape [{len(h)}], got {got}")
    return choose("the span scores", kernel, KERNELS, h)(h, spans, weights)
