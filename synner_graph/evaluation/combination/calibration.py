"""Make probabilities of the scores of a combination, by one temperature."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.evaluation.calibration import RANGE, calibration_error, minimum
from synner_graph.evaluation.combination.pool import Found
from synner_graph.recogniser.calibration import Calibration, Reliability

SURE = 1e-4
"""No score is nearer to 0 or 1 before it is tempered: where all agree it is 1."""


@dataclass(frozen=True)
class Scores:
    """The scores of found entities, and which of them are right.

    Attributes:
        scores: *Shape:* [M]
        right: *Shape:* [M]
    """

    scores: Tensor
    right: Tensor

    @classmethod
    def of(cls, found: Found, gold: Found) -> "Scores":
        """Compare found entities with gold ones, sentence by sentence."""
        pairs = [
            (entity.score or 0.0, entity in set(wanted))
            for row, wanted in zip(found, gold, strict=True)
            for entity in row
        ]
        return cls(
            torch.tensor([score for score, _ in pairs], dtype=torch.float64),
            torch.tensor([right for _, right in pairs], dtype=torch.bool),
        )

    def calibrate(self, split: str) -> Calibration:
        """Choose the temperature under which right and wrong are likeliest.

        Args:
            split: What to call the sentences.

        Raises:
            InputError: There are no entities.
        """
        if not len(self.right):
            raise InputError(
                f"The combination finds no entity in {split}: nothing to calibrate on."
            )

        def loss(temperature: float) -> float:
            scores = _tempered(self.scores, temperature)
            return float(-torch.where(self.right, scores, 1 - scores).log().mean())

        temperature = math.exp(minimum(lambda x: loss(math.exp(x)), *RANGE))
        if loss(1.0) <= loss(temperature):
            temperature = 1.0
        before = calibration_error(self.scores, self.right)
        after = calibration_error(_tempered(self.scores, temperature), self.right)
        return Calibration(temperature, {split: Reliability(len(self.right), before, after)})

    @staticmethod
    def tempered(
        found: Sequence[tuple[Entity, ...]], temperature: float
    ) -> list[tuple[Entity, ...]]:
        """Return the same entities with the scores at a temperature."""
        flat = [entity.score or 0.0 for row in found for entity in row]
        scores = iter(_tempered(torch.tensor(flat, dtype=torch.float64), temperature).tolist())
        return [tuple(replace(entity, score=next(scores)) for entity in row) for row in found]


def _tempered(scores: Tensor, temperature: float) -> Tensor:
    """Divide the log-odds of the scores. *Shape:* [M]"""
    return (scores.clamp(SURE, 1 - SURE).logit() / temperature).sigmoid()
