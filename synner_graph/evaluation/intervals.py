"""The interval of every F1 of a report: how far it may move with other documents of the kind."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

import numpy as np

from synner_graph.data.documents import document_sizes
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.scores import Intervals, Report
from synner_graph.evaluation.significance import Estimate, compare, macro_f1

Entities = Sequence[Sequence[Entity]]
"""The entities of every sentence."""
Key = TypeVar("Key", bound=Hashable)


def with_intervals(report: Report, gold: Sequence[Sentence], found: Entities) -> Report:
    """Add to a report the intervals of its F1 over documents.

    Args:
        report: Strict scores of `found`.
        gold: Sentences with their gold entities, in the order of their documents.
        found: The entities found in each.
    """
    wanted = [sentence.entities for sentence in gold]
    return replace(
        report, intervals=f1_intervals(wanted, found, document_sizes(gold), unit_of(gold))
    )


def f1_intervals(gold: Entities, found: Entities, sizes: Sequence[int], unit: str) -> Intervals:
    """Estimate the F1 of one training, overall, on average and by label.

    Args:
        gold: Entities of every sentence.
        found: As many sentences, in the same order.
        sizes: The number of sentences of each unit.
        unit: What the units are called.
    """
    by_type = {label: by_unit(counts, sizes) for label, counts in type_counts(gold, found).items()}
    types = np.stack([*by_type.values()]) if by_type else np.zeros((0, len(sizes), 3))
    overall, *per_type = compare([types.sum(0)[None], *(counts[None] for counts in types)]).f1
    return Intervals(
        unit, len(sizes), overall, macro_f1(types), dict(zip(by_type, per_type, strict=True))
    )


def estimates(counts: Mapping[Key, np.ndarray], sizes: Sequence[int]) -> dict[Key, Estimate]:
    """Estimate the F1 of several kinds of entities, of one training.

    Args:
        counts: Gold, predicted and correct entities of every sentence. *Shape of each:*
            [sentences, 3]
        sizes: The number of sentences of each unit.
    """
    if not counts:
        return {}
    found = compare([by_unit(kind, sizes)[None] for kind in counts.values()]).f1
    return dict(zip(counts, found, strict=True))


def unit_of(gold: Sequence[Sentence]) -> str:
    """Return what is resampled: documents, or sentences where there are no documents."""
    return "documents" if any(s.document is not None for s in gold) else "sentences"


def by_unit(counts: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Add up the counts of sentences by unit. *Shape:* [sentences, 3] -> [units, 3]"""
    if not sizes:
        return np.zeros((0, 3))
    starts = list(accumulate(sizes[:-1], initial=0))
    return np.add.reduceat(counts, starts).astype(np.float64)


def type_counts(gold: Entities, found: Entities) -> dict[str, np.ndarray]:
    """Count gold, predicted and correct entities of each label. *Shape of each:* [sentences, 3]"""
    labels = sorted({entity.label for side in (gold, found) for row in side for entity in row})
    counts = {label: np.zeros((len(gold), 3)) for label in labels}
    for row, (wanted, named) in enumerate(zip(gold, found, strict=True)):
        left, right = set(wanted), set(named)
        for entity in left | right:
            is_gold, is_found = entity in left, entity in right
            counts[entity.label][row] += (is_gold, is_found, is_gold and is_found)
    return counts
