"""What the span head learns from probabilities of entities: labels of each candidate span."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from synner_graph.graph.tensors import Tensors
from synner_graph.heads.soft import Masses
from synner_graph.operators.span import Spans


@dataclass(frozen=True, eq=False)
class SpanSoftGold(Tensors):
    """Entities that are candidates, with masses; a candidate's mass beyond them is of no entity.

    Attributes:
        weights: The mass of each candidate that begins at a token: that of its sentence.
            *Shape:* [N]
        starts: The row of each entity's first token.
            *Shape:* [M]
        widths: How many tokens each has.
            *Shape:* [M]
        classes: The class of its label: that of `labels[i]` is `i + 1`.
            *Shape:* [M]
        masses: Its probability times the mass of its sentence. The same span and class may come
            again: masses add up.
            *Shape:* [M]
    """

    weights: Tensor
    starts: Tensor
    widths: Tensor
    classes: Tensor
    masses: Tensor


def soft_gold(gold: Masses, taught: Masses, max_width: int) -> SpanSoftGold:
    """Gold entities and a teacher's, those of up to `max_width` tokens."""
    starts, ends, labels, masses = (
        np.concatenate(columns) for columns in zip(gold[2:], taught[2:], strict=True)
    )
    fits = (ends - starts <= max_width) & (masses > 0)
    dtype = torch.get_default_dtype()
    return SpanSoftGold(
        torch.from_numpy(gold.token_weights + taught.token_weights).to(dtype),
        torch.from_numpy(starts[fits]),
        torch.from_numpy((ends - starts)[fits]),
        torch.from_numpy(labels[fits] + 1),
        torch.from_numpy(masses[fits]).to(dtype),
    )


def soft_cross_entropy(
    log_probs: Tensor, spans: Spans, gold: SpanSoftGold, negative_weight: Tensor
) -> Tensor:
    """Summed cross-entropy of the labels of all candidates, each times its mass.

    Args:
        log_probs: Of no entity, then of each label.
            *Shape:* [S, 1 + labels]
        spans: The S candidates.
        gold: What they should be.
        negative_weight: Of the part of no entity.
            *Shape:* []

    Returns:
        A scalar.
    """
    none = log_probs[:, 0] * negative_weight  # [S]
    weights, masses = gold.weights.to(none.dtype), gold.masses.to(none.dtype)
    rows = spans.find(gold.starts, gold.widths)
    likelihood = (weights[spans.starts] * none).sum()
    return -(likelihood + (masses * (log_probs[rows, gold.classes] - none[rows])).sum())
