"""Precision, recall and F1 of entities: every score of the program is computed here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.signature import Signature

if TYPE_CHECKING:
    import numpy as np

    from synner_graph.evaluation.counts import Sides
    from synner_graph.evaluation.significance import Estimate


@dataclass(frozen=True)
class Score:
    """Counts of entities, and what follows from them.

    An entity is correct when its boundaries and its label both are: seqeval's strict mode.
    """

    gold: int
    predicted: int
    correct: int

    @property
    def precision(self) -> float:
        """Percent of the predicted entities that are correct; 0 when none was predicted."""
        return 100 * self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Percent of the gold entities that were found; 0 when there is none."""
        return 100 * self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, in percent."""
        total = self.gold + self.predicted
        return 200 * self.correct / total if total else 0.0

    def to_json(self) -> dict[str, float | int]:
        """Rates in percent and counts."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "gold": self.gold,
            "predicted": self.predicted,
            "correct": self.correct,
        }


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F1 in percent, without counts behind them."""

    precision: float
    recall: float
    f1: float

    def to_json(self) -> dict[str, float]:
        """By name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True)
class Intervals:
    """The 95 % intervals of a report's F1.

    Attributes:
        unit: What was resampled: documents, or sentences where there are no documents.
        units: How many there are.
        overall: Of all entities.
        macro: Of the mean over labels.
        per_type: Of each label.
    """

    unit: str
    units: int
    overall: "Estimate"
    macro: "Estimate"
    per_type: Mapping[str, "Estimate"]


def _no_counts() -> "np.ndarray":
    import numpy as np

    return np.zeros((0, 0, 3), np.int32)


@dataclass(frozen=True)
class Report:
    """Scores of one split: over all entities (the micro average), and for each label.

    Attributes:
        unknown_relations: how often each dependency relation came that the model does not know.
        unknown_labels: how many entities there are of each label that the model does not know;
            they count as missed.
        counts: Gold, predicted and correct entities of each label, in the order of `per_type`, in
            each sentence. *Shape:* [labels, sentences, 3]
        signature: How the scores came about.
        intervals: Of each F1, where they were asked for.
    """

    split: str
    overall: Score
    per_type: dict[str, Score]
    unknown_relations: dict[str, int] = field(default_factory=dict)
    unknown_labels: dict[str, int] = field(default_factory=dict)
    counts: "np.ndarray" = field(default_factory=_no_counts, repr=False, compare=False)
    signature: Signature = field(default_factory=Signature)
    intervals: Intervals | None = None

    @property
    def macro(self) -> Rates:
        """Means over the labels that occur in gold or predicted entities; 0 where there is none."""
        scores = self.per_type.values()
        count = max(len(scores), 1)
        rates = ("precision", "recall", "f1")
        return Rates(*(sum(getattr(score, rate) for score in scores) / count for rate in rates))

    @property
    def by_sentence(self) -> "np.ndarray":
        """Gold, predicted and correct entities of each sentence. *Shape:* [sentences, 3]"""
        counts: np.ndarray = self.counts.sum(0)
        return counts

    def signed_json(self) -> dict[str, Any]:
        """The scores, their intervals and their signature: what `eval --json` prints."""
        found = self.to_json()
        if (intervals := self.intervals) is not None:
            found["resampled"] = {"unit": intervals.unit, "units": intervals.units}
            found["overall"]["f1_interval"] = intervals.overall.ends
            found["macro"]["f1_interval"] = intervals.macro.ends
            for label, estimate in intervals.per_type.items():
                found["per_type"][label]["f1_interval"] = estimate.ends
        return {**found, "signature": str(self.signature)}

    def to_json(self) -> dict[str, Any]:
        """The scores, as metrics.json holds them."""
        return {
            "split": self.split,
            "overall": self.overall.to_json(),
            "macro": self.macro.to_json(),
            "per_type": {label: score.to_json() for label, score in self.per_type.items()},
        }


def score_entities(
    gold: Iterable[Sequence[Entity]], predicted: Iterable[Sequence[Entity]], split: str
) -> Report:
    """Compare predictions with gold entities, sentence by sentence.

    Args:
        gold: entities of every sentence; every one of them counts in the recall.
        predicted: as many sentences, in the same order.
        split: name for the report.

    Raises:
        ValueError: if the two do not have equally many sentences.
    """
    # NumPy is slow to import, and the command line imports this module for every command.
    from synner_graph.evaluation.counts import count, with_sides

    labels: dict[str, int] = {}
    kinds: list[int] = []
    rows: list[int] = []
    sides: list[Sides] = []
    row = -1
    for row, (wanted, found) in enumerate(zip(gold, predicted, strict=True)):
        for entity, side in with_sides(wanted, found):
            kinds.append(labels.setdefault(entity.label, len(labels)))
            rows.append(row)
            sides.append(side)
    order = sorted(labels)
    counts = count(kinds, rows, sides, (len(labels), row + 1))[[labels[name] for name in order]]
    per_type = {name: _score(found) for name, found in zip(order, counts, strict=True)}
    return Report(split, _score(counts.sum(0)), per_type, counts=counts)


def _score(counts: "np.ndarray") -> Score:
    """Add up sentences. *Shape:* [sentences, 3]"""
    return Score(*map(int, counts.sum(0)))


def with_interval(f1: float, interval: "Estimate | None") -> str:
    """Write an F1 and its 95 % interval, where there is one: `82.62 (79.3-86.0)`."""
    return f"{f1:.2f}" if interval is None else f"{f1:.2f} ({interval.low:.1f}-{interval.high:.1f})"
