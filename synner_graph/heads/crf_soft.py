"""What a CRF learns from probabilities of entities: expected counts of tags and of pairs of tags.

The score of a tag sequence is a sum over its tags and pairs of neighbouring tags. So the
cross-entropy between any distribution over tag sequences and that of the CRF needs of the former
only how often it expects each tag at each token, and each pair:

    E_q[-log p(y)] = log Z - sum_t E_q[e(t, y_t)] - sum_t E_q[A(y_t, y_t+1)] - ends

Source: Wang et al. (ACL 2021), "Structural Knowledge Distillation".

Probabilities of entities that share no tokens give the tags, and the pairs within an entity,
exactly. Which entity, or none, follows upon which they do not tell: given that a token ends what
came before, what follows is taken to be independent of it, the distribution of most entropy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synner_graph.data.schemes import OUTSIDE
from synner_graph.graph.tensors import Tensors
from synner_graph.heads.crf_spans import SpanTags
from synner_graph.heads.soft import Masses


@dataclass(frozen=True, eq=False)
class CRFSoftGold(Tensors):
    """Expected counts, each times the mass of its sentence.

    Attributes:
        weights: The mass of each sentence.
            *Shape:* [B]
        tags: Of each tag at each token.
            *Shape:* [N, K]
        pairs: Of each tag right before another, over the batch.
            *Shape:* [K, K]
        start: Of each tag at a first token, over the batch.
            *Shape:* [K]
        end: Of each tag at a last token, over the batch.
            *Shape:* [K]
    """

    weights: Tensor
    tags: Tensor
    pairs: Tensor
    start: Tensor
    end: Tensor


def soft_score(
    gold: CRFSoftGold, emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """Expected score of the tag sequences, summed over the sentences, each times its mass.

    Args:
        gold: Expected counts.
        emissions: *Shape:* [N, K]
        transitions: Finite, also where the scheme forbids a pair: its count is 0.
            *Shape:* [K, K]
        start: Likewise.
            *Shape:* [K]
        end: Likewise.
            *Shape:* [K]

    Returns:
        A scalar.
    """
    scores = (emissions, transitions, start, end)
    counts = (gold.tags, gold.pairs, gold.start, gold.end)
    parts = [(c.to(s.dtype) * s).sum() for c, s in zip(counts, scores, strict=True)]
    return parts[0] + parts[1] + parts[2] + parts[3]


def soft_gold(
    gold: Masses, taught: Masses, labels: Sequence[str], tags: Sequence[str], scheme: str
) -> CRFSoftGold:
    """Expected counts of gold entities and of a teacher's, added up.

    Args:
        gold: Entities that share no tokens.
        taught: Of the same sentences; where they claim a token more than once, see `fitting`.
        labels: The labels, in the order of their positions.
        tags: The K tags.
        scheme: Of the tags.
    """
    forms = SpanTags.of(labels, tags, scheme, torch.empty(0))
    outside = tags.index(OUTSIDE)
    found = [_counts(masses, forms, outside, len(tags)) for masses in (gold, fitting(taught))]
    summed = [torch.from_numpy(one + other) for one, other in zip(*found, strict=True)]
    dtype = torch.get_default_dtype()
    weights = torch.from_numpy(gold.weights + taught.weights)
    return CRFSoftGold(weights.to(dtype), *(part.to(dtype) for part in summed))


def fitting(masses: Masses) -> Masses:
    """Entities of which no token has more than the mass of its sentence.

    A teacher that judges each span by itself, or nested ones, may claim a token by entities with
    probabilities that sum up to more than 1. Each entity's mass is divided by the greatest such
    sum on a token of its own; others stay as they are.
    """
    covered = masses.covered / masses.token_weights
    if not (covered > 1 + 1e-9).any():
        return masses
    spans = zip(masses.starts.tolist(), masses.ends.tolist(), strict=True)
    divisors = np.array([max(covered[start:end].max(), 1) for start, end in spans])
    return masses._replace(masses=masses.masses / divisors)


def _counts(
    masses: Masses, forms: SpanTags, outside: int, size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Expected counts of entities: tags, pairs, first tags, last tags."""
    offsets, _, starts, ends, labels, mass = masses
    of_label = (forms.single, forms.first, forms.inside, forms.last)
    single, first, inside, last = (form.numpy()[labels] for form in of_label)  # [M] each
    tokens = int(offsets[-1])
    wide = ends - starts > 1
    # What a token's tag is right after, and right before, a place where no entity goes on.
    after, before = np.zeros((tokens, size)), np.zeros((tokens, size))
    np.add.at(after, (starts, np.where(wide, first, single)), mass)
    np.add.at(before, (ends - 1, np.where(wide, last, single)), mass)
    none = (masses.token_weights - masses.covered).clip(min=0)
    after[:, outside] = before[:, outside] = none

    tags = after.copy()
    np.add.at(tags, (ends[wide] - 1, last[wide]), mass[wide])
    inner = np.where(wide, ends - starts - 2, 0)
    span = np.repeat(np.arange(len(starts)), inner)
    step = np.arange(len(span)) - (np.cumsum(inner) - inner)[span]
    np.add.at(tags, (starts[span] + 1 + step, inside[span]), mass[span])

    pairs = np.zeros((size, size))
    two, more = ends - starts == 2, ends - starts > 2
    np.add.at(pairs, (first[two], last[two]), mass[two])
    np.add.at(pairs, (first[more], inside[more]), mass[more])
    np.add.at(pairs, (inside[more], inside[more]), mass[more] * (inner[more] - 1))
    np.add.at(pairs, (inside[more], last[more]), mass[more])
    follows = np.ones(tokens, dtype=bool)
    follows[offsets[:-1]] = False
    rows = follows.nonzero()[0]
    left, right = before[rows - 1], after[rows]
    total = left.sum(1, keepdims=True)
    shares = np.divide(left, total, out=np.zeros_like(left), where=total > 0)
    pairs += shares.T @ right
    return tags, pairs, after[offsets[:-1]].sum(0), before[offsets[1:] - 1].sum(0)
