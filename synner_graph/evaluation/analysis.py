"""Everything that is told of one system's output: scores, matchings, errors and buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synner_graph.data.documents import document_sizes
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.buckets import Forms, bucket_counts
from synner_graph.evaluation.error_matrix import ErrorMatrix, error_matrix
from synner_graph.evaluation.intervals import all_intervals, unit_of
from synner_graph.evaluation.matching import MATCHINGS, Matching, match_sentences
from synner_graph.evaluation.nested import nested_scores
from synner_graph.evaluation.scores import Report, Score
from synner_graph.evaluation.significance import Estimate

MATCHING, NESTED = "matching", "nested"
"""The kinds of F1 beside those of buckets."""


@dataclass(frozen=True)
class Analysis:
    """What one system got right and wrong in a split.

    Attributes:
        name: Of the system.
        report: Strict scores, with their intervals.
        matchings: By `exact`, `partial` and `type`.
        nested: Of outermost and inner entities; empty where none are nested.
        errors: Which type was read as which.
        buckets: By family and bucket.
        intervals: Of every F1 that is not in `report`: by `MATCHING`, `NESTED` or family, and name.
    """

    name: str
    report: Report
    matchings: dict[str, Matching]
    nested: dict[str, Score]
    errors: ErrorMatrix
    buckets: dict[str, dict[str, Score]]
    intervals: Mapping[tuple[str, str], Estimate]

    def to_json(self) -> dict[str, Any]:
        """The object of one system in a JSON report."""
        errors = self.errors

        def scored(family: str, scores: Mapping[str, Score | Matching]) -> dict[str, Any]:
            return {
                name: {**score.to_json(), "f1_interval": self.intervals[family, name].ends}
                for name, score in scores.items()
            }

        return {
            "system": self.name,
            **self.report.signed_json(),
            "matchings": scored(MATCHING, self.matchings),
            "nested": scored(NESTED, self.nested),
            "errors": {
                "kinds": errors.kinds(),
                "labels": list(errors.labels),
                "same_tokens": errors.rows(),
                "other_tokens": errors.rows(other_tokens=True),
            },
            "buckets": {
                family: scored(family, buckets) for family, buckets in self.buckets.items()
            },
        }


def analyse(
    name: str,
    gold: Sequence[Sentence],
    predicted: Sequence[Sequence[Entity]],
    report: Report,
    forms: Forms | None = None,
) -> Analysis:
    """Say everything of a system's output.

    Args:
        name: Of the system.
        gold: Sentences with their gold entities.
        predicted: The entities found in each of them.
        report: Their strict scores, which get intervals.
        forms: Of the training split, if it is known (`forms_of`).

    Raises:
        ValueError: There are not equally many sentences on both sides.
    """
    wanted = [sentence.entities for sentence in gold]
    matched = {matching: match_sentences(wanted, predicted, matching) for matching in MATCHINGS}
    nested = nested_scores(wanted, predicted)
    buckets = bucket_counts(gold, predicted, forms)
    counts: dict[tuple[str, str], np.ndarray] = {}
    for matching, pairs in matched.items():
        counts[MATCHING, matching] = np.array([pair.counts for pair in pairs])
    for part, scored in nested.items():
        counts[NESTED, part] = scored.by_sentence
    for family, found in buckets.items():
        counts |= {(family, bucket): of_bucket for bucket, of_bucket in found.items()}
    intervals, others = all_intervals(report, document_sizes(gold), unit_of(gold), counts)
    return Analysis(
        name,
        replace(report, intervals=intervals),
        {matching: sum(pairs, Matching()) for matching, pairs in matched.items()},
        {part: scored.overall for part, scored in nested.items()},
        error_matrix(wanted, predicted),
        {
            family: {
                bucket: Score(*map(int, of_bucket.sum(0))) for bucket, of_bucket in found.items()
            }
            for family, found in buckets.items()
        },
        others,
    )
