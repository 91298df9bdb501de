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
        case_embedding: A vector of each class of tokens; a span has the sum over its tokens.
            *Shape:* [cases, D]
        case: From that sum; there if `case_embedding` is.
            *Shape:* [F, D]
        length_embedding: A vector of each bucket of numbers of pieces: see `length_bucket`.
            *Shape:* [buckets, D]
        length: From the vector of the span's bucket; there if `length_embedding` is.
            *Shape:* [F, D]
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
    case_embedding: Tensor | None = None
    case: Tensor | None = None
    length_embedding: Tensor | None = None
    length: Tensor | None = None
