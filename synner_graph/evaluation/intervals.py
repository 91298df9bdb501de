"""The interval of every F1 of a report: how far it may move with other documents of the kind."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

import numpy as np

from synner_graph.data.documents import document_sizes
from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.scores import Intervals, Report
from synner_graph.evaluation.significance import Estimate, one_training

Key = TypeVar("Key", bound=Hashable)


def with_intervals(report: Report, gold: Sequence[Sentence]) -> Report:
    """Add to a report the intervals of its F1 over documents.

    Args:
        report: Strict scores.
        gold: The sentences that were scored, in the order of their documents.
    """
    return replace(report, intervals=f1_intervals(report, document_sizes(gold), unit_of(gold)))


def f1_intervals(report: Report, sizes: Sequence[int], unit: str) -> Intervals:
    """Estimate the F1 of one training, overall, on average and by label.

    Args:
        report: Strict scores.
        sizes: The number of sentences of each unit.
        unit: What the units are called.
    """
    return all_intervals(report, sizes, unit, {})[0]


def all_intervals(
    report: Report, sizes: Sequence[int], unit: str, others: Mapping[Key, np.ndarray]
) -> tuple[Intervals, dict[Key, Estimate]]:
    """Estimate every F1 of one training by one bootstrap: those of a report, and others.

    Args:
        report: Strict scores.
        sizes: The number of sentences of each unit.
        unit: What the units are called.
        others: Gold, predicted and correct entities of other kinds. *Shape of each:*
            [sentences, 3]
    """
    labels = [by_unit(counts, sizes) for counts in report.counts]
    every = sum(labels, np.zeros((len(sizes), 3)))
    more = [by_unit(counts, sizes) for counts in others.values()]
    (overall, *found), macro = one_training(np.stack([every, *labels, *more]), len(labels))
    per_type = dict(zip(report.per_type, found, strict=False))
    return (
        Intervals(unit, len(sizes), overall, macro, per_type),
        dict(zip(others, found[len(labels) :], strict=True)),
    )


def unit_of(gold: Sequence[Sentence]) -> str:
    """Return what is resampled: documents, or sentences where there are no documents."""
    return "documents" if any(s.document is not None for s in gold) else "sentences"


def by_unit(counts: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Add up the counts of sentences by unit. *Shape:* [sentences, 3] -> [units, 3]"""
    if not sizes:
        return np.zeros((0, 3))
    starts = list(accumulate(sizes[:-1], initial=0))
    return np.add.reduceat(counts, starts).astype(np.float64)
