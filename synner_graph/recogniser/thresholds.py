"""Thresholds: the least score that an entity needs, in general and for some labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError


@dataclass(frozen=True)
class Thresholds:
    """The least scores of entities that are kept.

    Attributes:
        general: For all labels that have no threshold of their own.
        by_label: For some labels.

    Raises:
        InputError: One of them is not between 0 and 1.
    """

    general: float = 0.0
    by_label: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for score in (self.general, *self.by_label.values()):
            if not 0 <= score <= 1:
                raise InputError(f"expected a score from 0 to 1, got {score}")

    @classmethod
    def parse(cls, given: Sequence[str]) -> "Thresholds":
        """Read thresholds as a command line has them: `0.6`, `PER=0.8`.

        Raises:
            InputError: One is no threshold, or a label has two.
        """
        found: dict[str, float] = {}
        for text in given:
            label, equals, number = text.rpartition("=")
            try:
                score = float(number)
            except ValueError:
                score = None
            if score is None or (equals and not label):
                raise InputError(f"expected --min-score 0.6 or --min-score LABEL=0.6, got {text!r}")
            if label in found:
                whose = f"the label {label!r}" if label else "all labels"
                raise InputError(f"expected one --min-score of {whose}, got 2")
            found[label] = score
        return cls(found.pop("", 0.0), found)

    def keep(self, entities: Iterable[Entity]) -> list[Entity]:
        """Return the entities that score as much as their label asks for."""
        return [
            entity
            for entity in entities
            if entity.score is None or entity.score >= self.by_label.get(entity.label, self.general)
        ]


NO_THRESHOLDS = Thresholds()
