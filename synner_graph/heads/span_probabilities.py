"""Probabilities of the labels of spans: at a temperature, and of all spans together."""

from collections.abc import Sequence

import torch
from torch import Tensor

from synner_graph.data.sentence import Entity
from synner_graph.heads.base import placed
from synner_graph.heads.span_types import NULL
from synner_graph.operators.span import Spans


def tempered(log_probs: Tensor, temperature: float) -> Tensor:
    """Apply a temperature to log-probabilities. *Shape:* [S, 1 + labels]"""
    return log_probs if temperature == 1 else (log_probs / temperature).log_softmax(dim=1)


def of_all(
    log_probs: Tensor,
    spans: Spans,
    offsets: Tensor,
    found: Sequence[Sequence[Entity]],
    labels: Sequence[str],
) -> Tensor:
    """Compute the log-probability that of all spans of a sentence those found are entities.

    The head classifies each span by itself, so it is the product over all of them: those found have
    their label, the others are no entity.

    Args:
        log_probs: Of no entity, then of each label.
            *Shape:* [S, 1 + labels]
        spans: All candidates.
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        found: The entities of each sentence.
        labels: In the order of `log_probs`.

    Returns:
        *Shape:* [B]
    """
    classes = torch.full_like(spans.starts, NULL)
    for first, entities in zip(offsets.tolist(), found, strict=False):
        for entity in entities:
            place = torch.tensor([[first + entity.start], [entity.end - entity.start]])
            row = spans.find(*place.to(classes.device))
            classes[row] = NULL + 1 + labels.index(entity.label)
    best = log_probs.gather(1, classes.unsqueeze(1)).squeeze(1)
    sentence, _, _ = placed(offsets, spans.starts, spans.ends)
    return best.new_zeros(len(offsets) - 1).index_add(0, sentence, best)
