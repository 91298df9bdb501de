"""Rules of spans in the span head: forced, forbidden and favoured candidates.

Each span has a softmax over its labels and no entity. A forbidden label is taken out of it, to the
score of a favoured one its weight is added. The span of a forced entity has its label alone, and
spans that cannot stand beside it are no entities for certain.
"""

import math

import torch
from torch import Tensor

from synner_graph.data.dictionary import Rules, Scope
from synner_graph.heads.span_types import NULL
from synner_graph.operators.span import Spans


def ruled(
    log_probs: Tensor,
    spans: Spans,
    offsets: Tensor,
    rules: Rules,
    scope: Scope,
) -> Tensor:
    """Return the log-probabilities of labels under rules.

    Args:
        log_probs: Those without.
            *Shape:* [S, 1 + len(labels)]
        spans: The S candidates.
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        rules: Of each sentence.
        scope: Which entities may share tokens.

    Returns:
        *Shape:* [S, 1 + len(labels)]
    """
    classes = {label: NULL + 1 + place for place, label in enumerate(scope.labels)}
    weights = torch.zeros_like(log_probs)
    forced: list[tuple[int, int, int]] = []
    rows: list[tuple[int, int, int, float]] = []
    for first, of_sentence in zip(offsets.tolist(), rules, strict=False):
        for start, end, label, weight in of_sentence:
            if weight == math.inf:
                forced.append((first + start, first + end, classes[label]))
            elif end - start <= len(spans.fits):
                rows.append((first + start, end - start, classes[label], weight))
    if rows:
        starts, widths, labels, added = zip(*rows, strict=True)
        places = torch.tensor([starts, widths], device=log_probs.device)
        values = torch.tensor(added, dtype=weights.dtype, device=weights.device)
        weights[spans.find(*places), torch.tensor(labels, device=weights.device)] = values
    for start, end, _ in forced:
        weights[scope.clash(start, end, spans.starts, spans.ends), NULL + 1 :] = -torch.inf
    for start, end, only in forced:
        if end - start <= len(spans.fits):
            row = (spans.starts == start) & (spans.ends == end)
            weights[row] = -torch.inf
            weights[row, only] = 0
    return (log_probs + weights).log_softmax(dim=1)
