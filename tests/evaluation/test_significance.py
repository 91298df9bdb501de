"""The paired bootstrap: held to one that resamples unit by unit, and to cases known by hand."""

import numpy as np
import pytest

from synner_graph.evaluation import significance
from synner_graph.evaluation.scores import Score
from synner_graph.evaluation.significance import f1, paired_bootstrap

PUBLISHED = (11.098014563361104, -0.8666235137871706, 22.956505978651194)
"""What the bootstrap of the published tables gives for the systems below."""


def system(seeds: int, units: int, chance: float, seed: int) -> np.ndarray:
    """Counts of a system that finds each gold entity with that probability, and some others."""
    draw = np.random.default_rng(seed)
    gold = np.broadcast_to(np.arange(units) % 3, (seeds, units))
    correct = draw.binomial(gold, chance)
    return np.stack([gold, correct + draw.integers(2, size=(seeds, units)), correct], -1)


def resampled_one_by_one(ours: np.ndarray, control: np.ndarray) -> list[float]:
    """The differences of all resamples, in loops and with the same draws."""
    draw = np.random.default_rng(0)
    units, size = ours.shape[1], significance.RESAMPLES
    weights = draw.multinomial(units, np.full(units, 1 / units), size=size)
    sides = []
    for counts in (ours, control):
        seeds = draw.integers(len(counts), size=(size, len(counts)))
        means = []
        for row in range(size):
            drawn = np.repeat(np.arange(units), weights[row])
            scores = [Score(*counts[k, drawn].sum(0).tolist()).f1 for k in seeds[row]]
            means.append(float(np.mean(scores)))
        sides.append(means)
    return [a - b for a, b in zip(*sides, strict=True)]


def test_it_equals_resampling_unit_by_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(significance, "RESAMPLES", 200)
    ours, control = system(3, 20, 0.8, seed=1), system(2, 20, 0.6, seed=2)
    found = paired_bootstrap(ours, control)
    assert (found.low, found.high) == pytest.approx(
        np.percentile(resampled_one_by_one(ours, control), [2.5, 97.5])
    )
    by_seed = [[Score(*counts.sum(0).tolist()).f1 for counts in side] for side in (ours, control)]
    assert found.mean == pytest.approx(np.mean(by_seed[0]) - np.mean(by_seed[1]))


def test_the_same_call_gives_the_same_numbers() -> None:
    """These have stood in published tables: the draws must not change."""
    found = paired_bootstrap(system(3, 50, 0.8, seed=1), system(2, 50, 0.6, seed=2))
    assert found == pytest.approx(PUBLISHED, abs=1e-9)


def test_f1_is_that_of_the_scores() -> None:
    counts = np.array([[3, 2, 1], [0, 0, 0], [0, 2, 0], [4, 4, 4]])
    assert f1(counts).tolist() == pytest.approx([Score(*row).f1 for row in counts.tolist()])


def test_systems_on_different_units_are_refused() -> None:
    with pytest.raises(ValueError, match="same units twice, got 4 and 5"):
        paired_bootstrap(system(1, 4, 0.5, 0), system(1, 5, 0.5, 0))


def test_without_units_nothing_differs() -> None:
    assert paired_bootstrap(np.zeros((2, 0, 3)), np.zeros((1, 0, 3))) == (0, 0, 0)
