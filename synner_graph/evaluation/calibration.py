"""Choose the temperature of a run: of the entities scored 0.8, four in five should be right.

One temperature divides everything that a head scores, tags, transitions or spans, before it makes
probabilities of it (Guo et al., ICML 2017, section 4.2). What is found stays the same.
"""

import math
from collections.abc import Callable, Sequence

import torch

from synner_graph.data.batching import BATCH_SIZE, by_sentences
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.recogniser.calibration import Calibration, Reliability
from synner_graph.recogniser.synner import SynNER

BINS = 10
RANGE = (math.log(0.05), math.log(20.0))
"""Of the logarithm of the temperature."""


class ScoredSplit:
    """The entities that a run finds in a split: which are right, and their scores by temperature.

    Args:
        ner: the run.
        sentences: with trees, if the model reads any, and gold entities.
        batch_size: sentences in a batch.
    """

    def __init__(
        self, ner: SynNER, sentences: Sequence[Sentence], batch_size: int = BATCH_SIZE
    ) -> None:
        self.head = ner.model.head
        self.states = []
        right: list[bool] = []
        ner.model.eval()
        with torch.inference_mode():
            units = list(ner.units(sentences))
            for numbers in by_sentences(units, batch_size):
                rows = [sentence for number in numbers for sentence in units[number]]
                batch = ner.model.collator(rows, with_gold=False).to(ner.device)
                state = (ner.model.states(batch), batch.graph.offsets, batch.marks)
                self.states.append(state)
                for sentence, found in zip(rows, self.head.decode(*state), strict=True):
                    right += [entity in sentence.entities for entity in found]
        self.right = torch.tensor(right, dtype=torch.bool)

    def scores(self, temperature: float) -> torch.Tensor:
        """The score of each entity. *Shape:* [M]"""
        kept, self.head.temperature = self.head.temperature, temperature
        try:
            with torch.inference_mode():
                found = [entities for state in self.states for entities in self.head.decode(*state)]
        finally:
            self.head.temperature = kept
        return torch.tensor([entity.score for entities in found for entity in entities])

    def loss(self, temperature: float) -> float:
        """Mean negative log-likelihood of right and wrong, given the scores."""
        scores = self.scores(temperature).double().clamp(1e-9, 1 - 1e-9)
        return float(-torch.where(self.right, scores, 1 - scores).log().mean())

    def reliability(self, temperature: float) -> Reliability:
        """The calibration error at temperature 1 and at this one."""
        before, after = (calibration_error(self.scores(t), self.right) for t in (1.0, temperature))
        return Reliability(len(self.right), before, after)


def calibrate(ner: SynNER, splits: dict[str, Sequence[Sentence]]) -> Calibration:
    """The temperature under which right and wrong of the first split are likeliest.

    Raises:
        InputError: The run finds nothing there.
    """
    scored = {name: ScoredSplit(ner, sentences) for name, sentences in splits.items()}
    first = next(iter(scored))
    if not len(scored[first].right):
        raise InputError(f"The run finds no entity in the {first} split: nothing to calibrate on.")
    logarithm = minimum(lambda x: scored[first].loss(math.exp(x)), *RANGE)
    temperature = math.exp(logarithm)
    if scored[first].loss(1.0) <= scored[first].loss(temperature):
        temperature = 1.0
    found = {name: part for name, part in scored.items() if len(part.right)}
    return Calibration(
        temperature, {name: part.reliability(temperature) for name, part in found.items()}
    )


def calibration_error(scores: torch.Tensor, right: torch.Tensor, bins: int = BINS) -> float:
    """Expected calibration error: how far the mean score of a bin is from the share that is right.

    The bins are equally wide; each counts by what is in it (Guo et al., 2017, equation 3).

    Args:
        scores: probabilities. *Shape:* [M]
        right: whether each is right. *Shape:* [M]
    """
    place = (scores * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins, dtype=torch.float64)
    gaps.index_add_(0, place, scores.double() - right.double())
    return float(gaps.abs().sum() / len(scores))


def minimum(function: Callable[[float], float], low: float, high: float, steps: int = 24) -> float:
    """Where a function with one valley is least, by golden section."""
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(steps):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
