"""Methods of combining systems, and what each learns from sentences with gold entities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError, suggest
from synner_graph.evaluation.combination.calibration import calibrate as choose_temperature
from synner_graph.evaluation.combination.decode import candidates, decode
from synner_graph.evaluation.combination.pool import (
    Found,
    Opinions,
    Pool,
    Weight,
    amount,
    judged,
    probabilities,
    votes,
)
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.recogniser.calibration import Calibration

MAJORITY, WEIGHTED, BY_TYPE, SPAN, MEAN = METHODS = (
    "majority",
    "weighted",
    "weighted-by-type",
    "span",
    "mean",
)
NULLS = tuple(round(0.4 + 0.05 * step, 2) for step in range(25))
"""What `mean` tries as the weight of no entity, when it can choose on dev: 0.4 to 1.6."""


@dataclass(frozen=True)
class Judge:
    """The span model of the method `span`.

    Attributes:
        opinions: What it says of the sentences; it must have candidates.
        labels: What it can name; None: anything.
        width: The widest span that it reads, in tokens; None: any.
    """

    opinions: Opinions
    labels: tuple[str, ...] | None = None
    width: int | None = None


@dataclass(frozen=True)
class Dev:
    """What a combination learns from.

    Attributes:
        systems: What the systems say of the sentences, in the order in which they are combined.
        gold: The gold entities of the sentences.
        judge: The span model, for the method `span`.
    """

    systems: Sequence[Opinions]
    gold: Found
    judge: Judge | None = None


@dataclass(frozen=True)
class Combiner:
    """A method with what it has learned.

    Attributes:
        method: One of `METHODS`.
        weights: Of the systems, in their order.
        null: Weight of no entity; see `decode`.
        calibration: What makes scores probabilities; None: shares and means, as they are.
    """

    method: str
    weights: tuple[Weight, ...]
    null: float = 1.0
    calibration: Calibration | None = None

    @classmethod
    def learn(
        cls, method: str, systems: int, dev: Dev | None = None, calibrate: bool = False
    ) -> "Combiner":
        """Choose weights.

        `majority` and `span` give all systems the same weight; `weighted` their F1 on dev,
        `weighted-by-type` their F1 of each type, and for no entity the F1 over all. `mean` weighs
        systems equally, and chooses on dev the weight of no entity with the best F1; without dev it
        is 1.

        Args:
            method: One of `METHODS`.
            systems: How many there are.
            dev: Sentences that no system has learned from.
            calibrate: Also choose the temperature of the scores on dev.

        Raises:
            InputError: The method is unknown, needs what is not given, or there is one system only.
        """
        check_method(method)
        if systems < 2:
            raise InputError(f"expected two systems or more to combine, got {systems}")
        if dev is None:
            if method in (WEIGHTED, BY_TYPE):
                raise InputError(
                    f"The method {method} weighs systems by their F1: name their outputs on "
                    "sentences with gold entities, --dev and --gold-dev."
                )
            if calibrate:
                raise InputError(
                    "Scores are calibrated on sentences with gold entities: name the outputs on "
                    "them, --dev and --gold-dev."
                )
            return cls(method, (Weight(),) * systems)
        if len(dev.systems) != systems:
            raise InputError(
                f"expected {systems} systems on dev, as there are to combine, got "
                f"{len(dev.systems)}"
            )
        reports = [score_entities(dev.gold, system.entities, "dev") for system in dev.systems]
        learned = cls(method, tuple(_weight(method, report) for report in reports))
        if method == MEAN:
            learned = replace(learned, null=_best_null(learned.pool(dev.systems), dev.gold))
        if calibrate:
            pool = learned.pool(dev.systems, dev.judge)
            temperature = choose_temperature(pool, dev.gold, learned.null, "dev")
            learned = replace(learned, calibration=temperature)
        return learned

    def pool(self, systems: Sequence[Opinions], judge: Judge | None = None) -> Pool:
        """Gather what stands behind every span.

        Args:
            systems: What they say of the same sentences, in the order of the weights.
            judge: The span model, for the method `span`.

        Raises:
            InputError: A system lacks what the method reads, or the judge is missing.
        """
        if self.method == MEAN:
            return probabilities(systems, self.weights)
        if self.method != SPAN:
            return votes(systems, self.weights)
        if judge is None:
            raise InputError(
                "The method span needs a model that judges spans: name it, --span RUN."
            )
        return judged(systems, self.weights, judge.opinions, judge.labels, judge.width)

    def combine(
        self, systems: Sequence[Opinions], judge: Judge | None = None
    ) -> list[tuple[Entity, ...]]:
        """Return the entities of every sentence, with scores; see `pool` and `decode`."""
        return decode(self.pool(systems, judge), self.null, self.temperature)

    def candidates(
        self, systems: Sequence[Opinions], threshold: float, judge: Judge | None = None
    ) -> list[tuple[Entity, ...]]:
        """Return every span and label whose score is at least the threshold; see `pool`."""
        return candidates(self.pool(systems, judge), threshold, self.temperature)

    @property
    def temperature(self) -> float | None:
        """That of the scores; None where they are not calibrated."""
        return self.calibration.temperature if self.calibration else None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "method": self.method,
            "weights": [weight.to_json() for weight in self.weights],
            "null": self.null,
            "calibration": self.calibration and self.calibration.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Combiner":
        """Inverse of `to_json`.

        Raises:
            ValueError: The method is unknown, there are fewer than two weights, or a weight is no
                finite number from 0 on.
            KeyError, TypeError, AttributeError: Something is missing or not of its kind.
        """
        if values["method"] not in METHODS:
            raise ValueError(f"unknown method {values['method']!r}")
        if len(values["weights"]) < 2:
            raise ValueError(f"expected two weights or more, got {len(values['weights'])}")
        calibration = values["calibration"]
        return cls(
            values["method"],
            tuple(map(Weight.from_json, values["weights"])),
            amount(values["null"]),
            calibration and Calibration.from_json(calibration),
        )


def check_method(method: str) -> None:
    """Refuse what is no method.

    Raises:
        InputError: It is none; names the nearest.
    """
    if method not in METHODS:
        raise InputError(f"expected a method, got {method!r}.{suggest(method, METHODS)}")


def _weight(method: str, report: Report) -> Weight:
    """The weight of a system with these scores."""
    if method == WEIGHTED:
        return Weight(report.overall.f1 / 100)
    if method == BY_TYPE:
        by_type = {label: score.f1 / 100 for label, score in report.per_type.items()}
        return Weight(report.overall.f1 / 100, by_type)
    return Weight()


def _best_null(pool: Pool, gold: Found) -> float:
    """The weight of no entity with the best F1; of equally good ones the nearest to 1."""

    def score(null: float) -> tuple[float, float]:
        return score_entities(gold, decode(pool, null), "dev").overall.f1, -abs(null - 1)

    return max(NULLS, key=score)
