"""Probabilities of the labels of spans: at a temperature, and of all spans together."""

from collections.abc import Sequence

import torch
from torch import Tensor

from synner_graph.data.sentence import Entity
from synner_graph.heads.span_types import NULL


def tempered(log_probs: Tensor, temperature: float) -> Tensor:
    """Apply a temperature to log-probabilities. *Shape:* [S, 1 + labels]"""
    return log_probs if temperature == 1 else (log_probs / temperature).log_softmax(dim=1)


def of_all(
    log_probs: Tensor,
    sentence: Tensor,
    starts: Tensor,
    ends: Tensor,
    found: Sequence[Sequence[Entity]],
    labels: Sequence[str],
) -> list[float]:
    """Compute the log-probability that of all spans of a sentence those found are entities.

    The head classifies each span by itself, so it is the product over all of them: those found have
    their label, the others are no entity. An entity that is no candidate is certain: it is forced.

    Args:
        log_probs: Of no entity, then of each label.
            *Shape:* [S, 1 + labels]
        sentence: The number of each candidate's sentence.
            *Shape:* [S]
        starts: Its first token, counted in the sentence.
            *Shape:* [S]
        ends: The token after its last, likewise.
            *Shape:* [S]
        found: The entities of each sentence.
        labels: In the order of `log_probs`.

    Returns:
        One for each sentence.
    """
    classes = {
        (b, entity.start, entity.end): NULL + 1 + labels.index(entity.label)
        for b, entities in enumerate(found)
        for entity in entities
    }
    spans = zip(sentence.tolist(), starts.tolist(), ends.tolist(), strict=True)
    rows = torch.tensor([classes.get(span, NULL) for span in spans], device=log_probs.device)
    best = log_probs.gather(1, rows.unsqueeze(1)).squeeze(1)
    shares: list[float] = best.new_zeros(len(found)).index_add(0, sentence, best).tolist()
    return shares
