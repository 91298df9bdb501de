"""Everything that is told of one system's output: scores, matchings, errors and buckets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.buckets import Forms, bucket_counts
from synner_graph.evaluation.error_matrix import ErrorMatrix, error_matrix
from synner_graph.evaluation.matching import MATCHINGS, Matching, match_entities
from synner_graph.evaluation.nested import nested_scores
from synner_graph.evaluation.scores import Report, Score


@dataclass(frozen=True)
class Analysis:
    """What one system got right and wrong in a split.

    Attributes:
        name: Of the system.
        report: Strict scores.
        matchings: By `exact`, `partial` and `type`.
        nested: Of outermost and inner entities; empty where none are nested.
        errors: Which type was read as which.
        buckets: By family and bucket.
    """

    name: str
    report: Report
    matchings: dict[str, Matching]
    nested: dict[str, Score]
    errors: ErrorMatrix
    buckets: dict[str, dict[str, Score]]

    def to_json(self) -> dict[str, Any]:
        """The object of one system in a JSON report."""
        errors = self.errors
        return {
            "system": self.name,
            **self.report.signed_json(),
            "matchings": {name: found.to_json() for name, found in self.matchings.items()},
            "nested": {name: score.to_json() for name, score in self.nested.items()},
            "errors": {
                "kinds": errors.kinds(),
                "labels": list(errors.labels),
                "same_tokens": errors.rows(),
                "other_tokens": errors.rows(other_tokens=True),
            },
            "buckets": {
                family: {name: score.to_json() for name, score in buckets.items()}
                for family, buckets in self.buckets.items()
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
        report: Their strict scores.
        forms: Of the training split, if it is known (`forms_of`).

    Raises:
        ValueError: There are not equally many sentences on both sides.
    """
    wanted = [sentence.entities for sentence in gold]
    return Analysis(
        name,
        report,
        {matching: match_entities(wanted, predicted, matching) for matching in MATCHINGS},
        nested_scores(wanted, predicted),
        error_matrix(wanted, predicted),
        {
            family: {bucket: Score(*map(int, counts.sum(0))) for bucket, counts in buckets.items()}
            for family, buckets in bucket_counts(gold, predicted, forms).items()
        },
    )
