"""Make probabilities of the scores of a combination, by one temperature."""

import math

import torch
from torch import Tensor

from synner_graph.errors import InputError
from synner_graph.evaluation.calibration import RANGE, calibration_error, minimum
from synner_graph.evaluation.combination.decode import decode
from synner_graph.evaluation.combination.pool import Found, Pool
from synner_graph.recogniser.calibration import Calibration, Reliability


def calibrate(pool: Pool, gold: Found, null: float, split: str) -> Calibration:
    """Choose the temperature under which right and wrong of what is found are likeliest.

    Args:
        pool: What stands behind the spans of every sentence.
        gold: The gold entities of the sentences.
        null: See `decode`.
        split: What to call the sentences.

    Raises:
        InputError: No entity is found.
    """
    rows = list(zip(pool, decode(pool, null), map(set, gold), strict=True))
    found = [(spans[e.start, e.end], e.label) for spans, row, _ in rows for e in row]
    right = torch.tensor([e in wanted for _, row, wanted in rows for e in row], dtype=torch.bool)
    if not found:
        raise InputError(f"The combination finds no entity in {split}: nothing to calibrate on.")

    def scores(temperature: float | None) -> Tensor:
        shares = [support.share(label, temperature) for support, label in found]
        return torch.tensor(shares, dtype=torch.float64)

    def loss(temperature: float) -> float:
        likely = scores(temperature).clamp(1e-9, 1 - 1e-9)
        return float(-torch.where(right, likely, 1 - likely).log().mean())

    temperature = math.exp(minimum(lambda x: loss(math.exp(x)), *RANGE))
    if loss(1.0) <= loss(temperature):
        temperature = 1.0
    before, after = (calibration_error(scores(t), right) for t in (None, temperature))
    return Calibration(temperature, {split: Reliability(len(right), before, after)})
