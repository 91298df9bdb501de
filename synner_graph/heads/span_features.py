"""What the span head reads of a span: the weights of each feature, apart from one another."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from synner_graph.data.sentence import Sentence
from synner_graph.heads.span_types import SpanMarks
from synner_graph.operators.span import SpanWeights

CASES = ("upper", "lower", "title", "digit", "other")


def case_of(token: str) -> str:
    """The class of a token's case, one of CASES, asked for in that order: `A1` is upper."""
    return next((case for case in CASES[:-1] if getattr(token, f"is{case}")()), CASES[-1])


def marks_of(
    sentences: Sequence[Sentence], pieces: Tensor | None, features: nn.ModuleDict
) -> SpanMarks:
    """Return case and number of pieces of each token, where they are features.

    Args:
        sentences: The sentences of one batch.
        pieces: How many pieces the encoder reads each token as; None if it reads none.
            *Shape:* [N]
        features: The features that there are, by name.
    """
    tokens = [token for sentence in sentences for token in sentence.tokens]
    cases = None
    if "morphology" in features:
        cases = torch.tensor([CASES.index(case_of(token)) for token in tokens])
    if "length" not in features:
        pieces = None
    elif pieces is None:
        pieces = torch.tensor(list(map(len, tokens)))
    return SpanMarks(cases, pieces)


def build_features(
    input_size: int,
    hidden_size: int,
    max_width: int,
    width_size: int,
    morphology_size: int,
    length_size: int,
    endpoints: bool,
    pooling: bool,
) -> nn.ModuleDict:
    """The layers of the features that there are, by name.

    Args:
        input_size: Width of the node states.
        hidden_size: Width F of the first layer's output.
        max_width: Widest candidate, in tokens.
        width_size: Width of the embedding of the number of tokens; 0: no feature.
        morphology_size: Width of a vector of each class of case; 0: no feature.
        length_size: Width of the embedding of the number of sub-tokens; 0: no feature.
        endpoints: Whether the first and last token are features.
        pooling: Whether the pooled tokens are a feature.
    """
    features = nn.ModuleDict()
    if endpoints:
        features["endpoints"] = nn.ModuleDict(
            {
                "first": nn.Linear(input_size, hidden_size, bias=False),
                "last": nn.Linear(input_size, hidden_size, bias=False),
            }
        )
    if width_size:
        features["width"] = _embedded(max_width, width_size, hidden_size)
    if pooling:
        features["pooling"] = nn.ModuleDict(
            {
                "score": nn.Linear(input_size, 1, bias=False),  # a bias would cancel
                "value": nn.Linear(input_size, hidden_size, bias=False),
            }
        )
    if morphology_size:
        features["morphology"] = _embedded(len(CASES), morphology_size, hidden_size)
    if length_size:
        features["length"] = _embedded(max_width, length_size, hidden_size)
    return features


def _embedded(rows: int, size: int, hidden_size: int) -> nn.ModuleDict:
    return nn.ModuleDict(
        {
            "embedding": nn.Embedding(rows, size),
            "linear": nn.Linear(size, hidden_size, bias=False),
        }
    )


def weights_of(features: nn.ModuleDict, bias: nn.Parameter, classify: nn.Linear) -> SpanWeights:
    """The weights of the features and of both layers, as the operators read them.

    Args:
        features: What `build_features` gave.
        bias: Of the first layer.
            *Shape:* [F]
        classify: The second layer.
    """
    weights = dict(features.named_parameters())
    return SpanWeights(
        bias,
        classify.weight,
        classify.bias,
        first=weights.get("endpoints.first.weight"),
        last=weights.get("endpoints.last.weight"),
        embedding=weights.get("width.embedding.weight"),
        width=weights.get("width.linear.weight"),
        score=weights.get("pooling.score.weight"),
        value=weights.get("pooling.value.weight"),
        case_embedding=weights.get("morphology.embedding.weight"),
        case=weights.get("morphology.linear.weight"),
        length_embedding=weights.get("length.embedding.weight"),
        length=weights.get("length.linear.weight"),
    )
