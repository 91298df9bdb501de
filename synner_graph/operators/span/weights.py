"""The weights of the span classifier."""

from typing import NamedTuple

from torch import Tensor


class SpanWeights(NamedTuple):
    """Two layers; the blocks of the first one lie apart, and those of absent features are None.

    Attributes:
        bias: *Shape:* [F]
        classify: Second layer.
            *Shape:* [classes, F]
        classify_bias: *Shape:* [classes]
        first: From the first token.
            *Shape:* [F, C]
        last: From the last token; there if `first` is.
            *Shape:* [F, C]
        embedding: A vector of each width.
            *Shape:* [W, D]
        width: From the width's vector; there if `embedding` is.
            *Shape:* [F, D]
        score: Of a token, for the softmax.
            *Shape:* [1, C]
        value: From the pooled tokens; there if `score` is.
            *Shape:* [F, C]
    """

    bias: Tensor
    classify: Tensor
    classify_bias: Tensor
    first: Tensor | None = None
    last: Tensor | None = None
    embedding: Tensor | None = None
    width: Tensor | None = None
    score: Tensor | None = None
    value: Tensor | None = None
