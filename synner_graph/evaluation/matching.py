"""Exact, partial and type-only matching: what else may count as found than the strict score.

These are the measures of SemEval-2013 task 9.1, counted as nervaluate 1.2 counts them. Predicted
entities are taken in order. Each is paired with a gold entity that is still free and overlaps it:
one that agrees with it where there is any, else the first.

| matching | agree means | if none agrees |
|---|---|---|
| exact | the same tokens | incorrect |
| partial | the same tokens | partial, half a point |
| type | the same label; of several, the one whose ends are nearest | incorrect |

A predicted entity without a partner is spurious, a gold one missed. To overlap is to share at least
one percent of the gold entity's tokens.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from synner_graph.data.sentence import Entity


@dataclass(frozen=True)
class Matching:
    """Counts of a matching over all entities, and its rates in percent.

    Attributes:
        correct, incorrect, partial: Pairs of a gold and a predicted entity.
        missed: Gold entities without a partner.
        spurious: Predicted entities without a partner.
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: "Matching") -> "Matching":
        """The counts of both."""
        return Matching(
            self.correct + other.correct,
            self.incorrect + other.incorrect,
            self.partial + other.partial,
            self.missed + other.missed,
            self.spurious + other.spurious,
        )

    @property
    def counts(self) -> tuple[int, int, float]:
        """What is to be found, what was found, and the points: F1 follows from them."""
        return self._pairs + self.missed, self._pairs + self.spurious, self.points

    @property
    def points(self) -> float:
        """A point for each correct pair, half a one for each partial pair."""
        return self.correct + self.partial / 2

    @property
    def precision(self) -> float:
        """Percent of the predicted entities; 0 when none was predicted."""
        return _percent(self.points, self._pairs + self.spurious)

    @property
    def recall(self) -> float:
        """Percent of the gold entities; 0 when there is none."""
        return _percent(self.points, self._pairs + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, in percent."""
        return _percent(2 * self.points, 2 * self._pairs + self.spurious + self.missed)

    @property
    def _pairs(self) -> int:
        return self.correct + self.incorrect + self.partial

    def to_json(self) -> dict[str, float | int]:
        """Rates in percent and counts."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "correct": self.correct,
            "incorrect": self.incorrect,
            "partial": self.partial,
            "missed": self.missed,
            "spurious": self.spurious,
        }


def _same_tokens(one: Entity, other: Entity) -> bool:
    return one.start == other.start and one.end == other.end


def _same_label(one: Entity, other: Entity) -> bool:
    return one.label == other.label


AGREE: dict[str, Callable[[Entity, Entity], bool]] = {
    "exact": _same_tokens,
    "partial": _same_tokens,
    "type": _same_label,
}
MATCHINGS = tuple(AGREE)


def match_entities(
    gold: Iterable[Sequence[Entity]], predicted: Iterable[Sequence[Entity]], matching: str
) -> Matching:
    """Count a matching, sentence by sentence.

    Args:
        gold: Entities of every sentence.
        predicted: As many sentences, in the same order.
        matching: A name in `MATCHINGS`.

    Raises:
        ValueError: The two do not have equally many sentences.
    """
    return sum(match_sentences(gold, predicted, matching), Matching())


def match_sentences(
    gold: Iterable[Sequence[Entity]], predicted: Iterable[Sequence[Entity]], matching: str
) -> list[Matching]:
    """Count a matching in each sentence; see `match_entities`."""
    return [_match(*pair, matching) for pair in zip(gold, predicted, strict=True)]


def _match(gold: Sequence[Entity], predicted: Sequence[Entity], matching: str) -> Matching:
    left, right = sorted(set(gold)), sorted(set(predicted))
    if left == right:
        return Matching(len(left))
    agree = AGREE[matching]
    correct = others = spurious = 0
    for entity in right:
        near = [other for other in left if _overlap(entity, other)]
        agreeing = [other for other in near if agree(entity, other)]
        if agreeing:
            correct += 1
            left.remove(min(agreeing, key=lambda other: _distance(entity, other)))
        elif near:
            others += 1
            left.remove(near[0])
        else:
            spurious += 1
    partial = others if matching == "partial" else 0
    return Matching(correct, others - partial, partial, len(left), spurious)


def _overlap(found: Entity, gold: Entity) -> bool:
    shared = min(found.end, gold.end) - max(found.start, gold.start)
    return shared > 0 and 100 * shared >= gold.end - gold.start


def _distance(one: Entity, other: Entity) -> int:
    return abs(one.start - other.start) + abs(one.end - other.end)


def _percent(part: float, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
