"""What several systems say of a span: how much stands behind each label, and behind no entity."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError

Span = tuple[int, int]
Found = Sequence[Sequence[Entity]]
"""The entities of every sentence."""
LEAST = 1e-4
"""The least share before a temperature is applied."""


class Opinions(Protocol):
    """What a system says of sentences: `System` is such a thing."""

    @property
    def name(self) -> str:
        """What to call it in errors."""

    @property
    def entities(self) -> Found:
        """What it found."""

    @property
    def candidates(self) -> Found | None:
        """Spans that may be entities, with probabilities; None where it does not say."""


@dataclass(frozen=True)
class Said:
    """The plainest `Opinions`."""

    name: str
    entities: Found
    candidates: Found | None = None


@dataclass(frozen=True)
class Weight:
    """How much the word of a system counts.

    Attributes:
        overall: Where it names nothing, and for labels without a weight of their own.
        labels: For what it names, by label.
    """

    overall: float = 1.0
    labels: Mapping[str, float] = field(default_factory=dict)

    def of(self, label: str) -> float:
        """For a label that it names."""
        return self.labels.get(label, self.overall)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"overall": self.overall, "labels": dict(self.labels)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Weight":
        """Inverse of `to_json`.

        Raises:
            ValueError: A weight is no finite number from 0 on.
            KeyError, TypeError, AttributeError: Something is missing or not of its kind.
        """
        labels = {str(label): amount(weight) for label, weight in values["labels"].items()}
        return cls(amount(values["overall"]), labels)


def amount(value: Any) -> float:
    """Read how much something counts.

    Raises:
        ValueError: It is no finite number from 0 on.
        TypeError: It is no number.
    """
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not 0 <= number < math.inf:
        raise ValueError(f"expected a finite number from 0 on, got {number}")
    return number


@dataclass(slots=True)
class Support:
    """What stands behind the labels of one span.

    Attributes:
        labels: Label -> how much, above 0 or 0.
        null: What stands behind its being no entity.
    """

    labels: dict[str, float] = field(default_factory=dict)
    null: float = 0.0

    def add(self, label: str, amount: float) -> None:
        """Let more stand behind a label."""
        self.labels[label] = self.labels.get(label, 0.0) + amount

    @property
    def best(self) -> str:
        """The label with the most behind it; of equal ones the first in alphabetical order."""
        return min(self.labels, key=lambda label: (-self.labels[label], label))

    def share(self, label: str, temperature: float | None = None) -> float:
        """Of all that stands behind the span the part that is behind this label.

        Args:
            label: One of `labels`.
            temperature: Makes a probability of the share: all shares are raised to its inverse and
                divided by their sum, so that the greater it is the less sure they are. None of them
                is below `LEAST` before, for what all agree on may be wrong, too. None: the share as
                it is.

        Returns:
            From 0 to 1; those of all labels sum to 1 at most.
        """
        whole = sum(self.labels.values()) + self.null
        if not whole:
            return 0.0
        if temperature is None:
            return min(self.labels[label] / whole, 1.0)
        power = 1 / temperature

        def raised(amount: float) -> float:
            return math.pow(max(amount / whole, LEAST), power)

        all_raised = sum(map(raised, self.labels.values())) + raised(self.null)
        return raised(self.labels[label]) / all_raised


Pool = list[dict[Span, Support]]
"""The spans of every sentence that some system thinks of."""


def votes(systems: Sequence[Opinions], weights: Sequence[Weight]) -> Pool:
    """Let every system vote with its weight for the label that it names, or for no entity.

    Args:
        systems: All of the same sentences.
        weights: One each.
    """
    pool = []
    for named in _named(systems):
        spans: dict[Span, Support] = {}
        for span in sorted({span for labels in named for span in labels}):
            support = spans[span] = Support()
            for labels, weight in zip(named, weights, strict=True):
                for label in labels.get(span, ()):
                    support.add(label, weight.of(label))
                if span not in labels:
                    support.null += weight.overall
        pool.append(spans)
    return pool


def probabilities(systems: Sequence[Opinions], weights: Sequence[Weight]) -> Pool:
    """Average the probabilities that the systems give to their candidates.

    A candidate that a system does not list has probability 0 with it.

    Args:
        systems: All of the same sentences.
        weights: One each.

    Raises:
        InputError: A system has no candidates.
    """
    whole = sum(weight.overall for weight in weights)
    shares = [weight.overall / whole if whole else 0.0 for weight in weights]
    pool = []
    for candidates in zip(*(candidates_of(system) for system in systems), strict=True):
        spans: dict[Span, Support] = {}
        for row, share in zip(candidates, shares, strict=True):
            for candidate in row:
                support = spans.setdefault((candidate.start, candidate.end), Support())
                support.add(candidate.label, share * (candidate.score or 0.0))
        for support in spans.values():
            support.null = max(1.0 - sum(support.labels.values()), 0.0)
        pool.append(spans)
    return pool


def judged(
    systems: Sequence[Opinions],
    weights: Sequence[Weight],
    judge: Opinions,
    known: Sequence[str] | None = None,
    width: int | None = None,
) -> Pool:
    """Let a model of spans judge what the systems found.

    Behind a label stands, for every system that names it, the probability that the judge gives it;
    behind no entity, for every system that names nothing, the probability that the judge gives to
    that. Spans that the judge cannot read, for they are too wide, are put to the vote.

    Source: Fu, Huang and Liu (ACL 2021), SPANNER, section 5.

    Args:
        systems: All of the same sentences.
        weights: One each.
        judge: With candidates; what it does not list has probability 0.
        known: The labels that it knows; None: any.
        width: The widest span that it reads; None: any.

    Raises:
        InputError: The judge has no candidates, or a system names a label that it does not know.
    """
    if known is not None:
        for system in systems:
            for entity in (entity for row in system.entities for entity in row):
                if entity.label not in known:
                    raise InputError(
                        f"{system.name} has entities {entity.label}, which the span model "
                        f"{judge.name} does not know: it knows {', '.join(known)}."
                    )
    pool = votes(systems, weights)
    for spans, row in zip(pool, candidates_of(judge), strict=True):
        given: dict[Span, dict[str, float]] = {}
        for candidate in row:
            span = given.setdefault((candidate.start, candidate.end), {})
            span[candidate.label] = candidate.score or 0.0
        for (start, end), support in spans.items():
            likely = given.get((start, end), {})
            if width is not None and end - start > width:
                support.null /= 2
                support.labels = {label: amount / 2 for label, amount in support.labels.items()}
                continue
            support.null *= max(1.0 - sum(likely.values()), 0.0)
            for label in support.labels:
                support.labels[label] *= likely.get(label, 0.0)
    return pool


def candidates_of(system: Opinions) -> Found:
    """The candidates of a system.

    Raises:
        InputError: It has none.
    """
    if system.candidates is None:
        raise InputError(
            f"{system.name} does not say how probable its spans are: name a run folder, or a file "
            "of predict --candidates 0.001."
        )
    return system.candidates


def _named(systems: Sequence[Opinions]) -> Iterator[list[dict[Span, list[str]]]]:
    """Yield for every sentence what each system names, by span."""
    for rows in zip(*(system.entities for system in systems), strict=True):
        named: list[dict[Span, list[str]]] = []
        for row in rows:
            labels: dict[Span, list[str]] = {}
            for entity in row:
                labels.setdefault((entity.start, entity.end), []).append(entity.label)
            named.append(labels)
        yield named
