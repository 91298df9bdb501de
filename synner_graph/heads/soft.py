"""Soft targets: what a head learns from gold entities and from the probabilities of a teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import Entity

ROUNDING = 1e-3
"""How far a sum of probabilities may be above 1 before it counts as more than rounding."""


@dataclass(frozen=True, slots=True)
class SoftTarget:
    """What is to be learned of one sentence.

    Attributes:
        length: Its tokens.
        gold: Its gold entities; None where nobody has annotated it.
        taught: What a teacher takes for entities, each scored with its probability. A span and
            label that are not among them have probability 0.
        share: The teacher's share in the loss of the sentence, above 0 and up to 1. The gold
            entities have the rest.
    """

    length: int
    gold: tuple[Entity, ...] | None
    taught: tuple[Entity, ...]
    share: float


class Masses(NamedTuple):
    """Entities of a batch with the probability mass of each, as columns.

    Attributes:
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        weights: The mass of each sentence.
            *Shape:* [B]
        starts: Row of each entity's first token.
            *Shape:* [M]
        ends: Row after each entity's last token.
            *Shape:* [M]
        labels: Position of its label.
            *Shape:* [M]
        masses: Its probability times the mass of its sentence.
            *Shape:* [M]
    """

    offsets: NDArray[np.int64]
    weights: NDArray[np.float64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    labels: NDArray[np.int64]
    masses: NDArray[np.float64]

    @classmethod
    def of_gold(cls, targets: Sequence[SoftTarget], labels: Mapping[str, int]) -> "Masses":
        """Gold entities; a sentence has the mass that its teacher leaves, without gold none.

        Args:
            targets: Of a batch.
            labels: Label -> its position.
        """
        weights = [0.0 if target.gold is None else 1 - target.share for target in targets]
        return cls._of(targets, [target.gold or () for target in targets], weights, labels)

    @classmethod
    def of_teacher(cls, targets: Sequence[SoftTarget], labels: Mapping[str, int]) -> "Masses":
        """What the teacher takes for entities; a sentence has the mass of the teacher's share.

        Args:
            targets: Of a batch.
            labels: Label -> its position.
        """
        weights = [target.share for target in targets]
        return cls._of(targets, [target.taught for target in targets], weights, labels)

    @classmethod
    def _of(
        cls,
        targets: Sequence[SoftTarget],
        entities: Sequence[Sequence[Entity]],
        weights: Sequence[float],
        labels: Mapping[str, int],
    ) -> "Masses":
        offsets = np.cumsum([0, *(target.length for target in targets)])
        rows = [
            (first + entity.start, first + entity.end, labels[entity.label])
            for first, found in zip(offsets.tolist(), entities, strict=False)
            for entity in found
        ]
        masses = [
            weight * (1.0 if entity.score is None else entity.score)
            for weight, found in zip(weights, entities, strict=True)
            for entity in found
        ]
        starts, ends, positions = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        as_floats: Any = np.float64
        return cls(
            offsets,
            np.array(weights, dtype=as_floats),
            starts,
            ends,
            positions,
            np.array(masses, dtype=as_floats),
        )

    @property
    def token_weights(self) -> NDArray[np.float64]:
        """The mass of the sentence of each token. *Shape:* [N]"""
        return np.repeat(self.weights, np.diff(self.offsets))

    @property
    def covered(self) -> NDArray[np.float64]:
        """The mass of all entities that cover each token. *Shape:* [N]"""
        steps = np.zeros(self.offsets[-1] + 1)
        np.add.at(steps, self.starts, self.masses)
        np.add.at(steps, self.ends, -self.masses)
        return np.cumsum(steps)[:-1]


def excess(target: SoftTarget) -> float:
    """The greatest sum of the teacher's probabilities of entities that cover one token.

    At most 1, but for rounding, where the teacher's entities never share tokens.
    """
    covered = np.zeros(target.length)
    for entity in target.taught:
        covered[entity.start : entity.end] += entity.score or 0.0
    return float(covered.max())
