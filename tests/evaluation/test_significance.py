"""Intervals and p-values: held to resampling in loops, to formulas, and to cases known by hand."""

from collections.abc import Callable
from itertools import product
from math import inf

import numpy as np
import pytest
from scipy import stats

from synner_graph.evaluation import significance
from synner_graph.evaluation.scores import Score
from synner_graph.evaluation.significance import (
    Estimate,
    compare,
    f1,
    holm,
    one_training,
    paired_bootstrap,
    pooled,
    randomisation,
    same_trainings,
)

PUBLISHED = (11.098014563361104, 1.068052030948122, 21.127977095774085)
"""Difference and interval of the systems below, as the published tables have them."""


def system(seeds: int, units: int, chance: float, seed: int) -> np.ndarray:
    """Counts of a system that finds each gold entity with that probability, and some others."""
    draw = np.random.default_rng(seed)
    gold = np.broadcast_to(np.arange(units) % 3, (seeds, units))
    correct = draw.binomial(gold, chance)
    return np.stack([gold, correct + draw.integers(2, size=(seeds, units)), correct], -1)


def scores_by_seed(counts: np.ndarray, drawn: np.ndarray) -> list[float]:
    return [Score(*one[drawn].sum(0).tolist()).f1 for one in counts]


def in_loops(ours: np.ndarray, control: np.ndarray, size: int) -> tuple[float, float, float]:
    """Difference and interval, resample by resample, by the formulas of the docstring."""
    draw = np.random.default_rng(0)
    units = ours.shape[1]
    weights = draw.multinomial(units, [*[1 / units] * units, 0], size=size)
    resampled = [
        [scores_by_seed(side, np.repeat(np.arange(units), row[:-1])) for row in weights]
        for side in (ours, control)
    ]
    observed = [scores_by_seed(side, np.arange(units)) for side in (ours, control)]
    means = [[float(np.mean(row)) for row in side] for side in resampled]
    over_units = np.var(np.subtract(*means)) * units / (units - 1)
    variance, parts = over_units, [(over_units, units - 1)]
    for scores, rows in zip(observed, resampled, strict=True):
        seeds = len(scores)
        between = np.var(scores, ddof=1) / seeds
        across = [np.var(column) for column in np.transpose(rows) - np.mean(rows, axis=1)]
        by_chance = sum(across) / (seeds - 1) / seeds
        variance += max(between - by_chance, 0)
        parts.append((between, seeds - 1))
    freedom = sum(v for v, _ in parts) ** 2 / sum(v**2 / degrees for v, degrees in parts)
    half = stats.t.ppf(0.975, freedom) * variance**0.5
    gap = float(np.mean(observed[0]) - np.mean(observed[1]))
    return gap, gap - half, gap + half


def ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


@pytest.mark.parametrize("block", [4_000_000, 70])
def test_it_equals_resampling_in_loops(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(significance, "RESAMPLES", 200)
    monkeypatch.setattr(significance, "BLOCK", block)
    ours, control = system(3, 20, 0.8, seed=1), system(2, 20, 0.6, seed=2)
    ours[:, 0] = control[:, 0] = (1, 1, 1)  # no unit is empty: the loops draw the same
    ours[..., 1:] += 1
    found = paired_bootstrap(ours, control)
    assert ends(found) == pytest.approx(in_loops(ours, control, 200))
    assert found.p == pytest.approx(
        2 * stats.t.sf(abs(found.value) / found.error, found.freedom), rel=1e-9
    )


def test_the_same_call_gives_the_same_numbers() -> None:
    """These stand in published tables: the draws must not change."""
    found = paired_bootstrap(system(3, 50, 0.8, seed=1), system(2, 50, 0.6, seed=2))
    assert ends(found) == pytest.approx(PUBLISHED, abs=1e-9)


def test_units_without_entities_change_the_interval_alone_and_little() -> None:
    ours, control = system(1, 300, 0.8, seed=1), system(1, 300, 0.6, seed=2)
    empty = np.zeros((1, 300, 3), int)
    found, more = (
        paired_bootstrap(ours, control),
        compare([np.hstack([ours, empty]), np.hstack([control, empty])], [(0, 1)]).differences[0],
    )
    assert more.value == found.value
    assert more.error == pytest.approx(found.error, rel=0.03)
    assert (found.freedom, more.freedom) == (299, 599)


def test_many_systems_are_compared_as_two_are() -> None:
    systems = [system(2, 40, chance, seed) for seed, chance in enumerate((0.6, 0.7, 0.8))]
    found = compare(systems, [(0, 1), (2, 0)])
    assert [e.value for e in found.f1] == pytest.approx([f1(s.sum(1)).mean() for s in systems])
    for (one, other), gap in zip([(0, 1), (2, 0)], found.differences, strict=True):
        assert gap.value == pytest.approx(found.f1[one].value - found.f1[other].value)
        alone = paired_bootstrap(systems[one], systems[other])
        assert ends(gap) == pytest.approx(ends(alone), abs=0.7)  # other draws of the units
    assert all(0 < e.low < e.value < e.high < 100 for e in found.f1)


def test_seeds_widen_the_interval_only_where_seeds_differ() -> None:
    """Seeds that differ by their units alone are more of the same; a lucky seed is not."""
    ours, control = system(5, 400, 0.7, seed=1), system(5, 400, 0.7, seed=2)
    level = paired_bootstrap(ours, control)
    ours[0] = system(1, 400, 0.95, seed=3)[0]
    lucky = paired_bootstrap(ours, control)
    assert lucky.error > 2 * level.error
    assert lucky.freedom < 10 < level.freedom


def test_the_same_trainings_share_the_luck_of_their_seeds() -> None:
    luck = [0.5, 0.7, 0.9]
    ours = np.concatenate([system(1, 200, chance, seed) for seed, chance in enumerate(luck)])
    change = ours.copy()
    change[:, :10, 2] = 0  # under the other condition these entities are lost
    found = same_trainings(ours, change)
    assert found.low > 0
    assert found.error < paired_bootstrap(ours, change).error / 3
    assert same_trainings(ours, ours).value == same_trainings(ours, ours).error == 0
    with pytest.raises(ValueError, match="same shape twice"):
        same_trainings(ours, change[:2])


def test_pooled_differences_are_averaged_with_the_error_of_a_mean() -> None:
    one, other = Estimate(2.0, 0.8, 5.0, 0, 4), Estimate(1.0, 0.6, 300.0, -1, 3)
    found = pooled([one, other])
    assert found.value == 1.5
    assert found.error == pytest.approx(0.5)
    assert found.freedom == pytest.approx(0.25**2 / (0.16**2 / 5 + 0.09**2 / 300))
    assert found.high - found.value == pytest.approx(0.5 * stats.t.ppf(0.975, found.freedom))
    assert ends(pooled([one])) == pytest.approx(
        (2, 2 - 0.8 * 2.570582, 2 + 0.8 * 2.570582), abs=1e-6
    )


def test_the_macro_average_equals_resampling_in_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(significance, "RESAMPLES", 200)
    labels = np.concatenate([system(1, 20, 0.9, seed=1), system(1, 20, 0.5, seed=2)])
    labels[0] = np.eye(20)[0][:, None] * (
        2,
        2,
        1,
    )  # a label of one document is not in every resample
    labels[1, :, 1] += 1  # and no document is empty, so that the loops draw the same
    weights = np.random.default_rng(0).multinomial(20, [*[1 / 20] * 20, 0], size=200)[:, :-1]
    means = []
    for row in weights:
        drawn = np.repeat(np.arange(20), row)
        sums = [Score(*label[drawn].sum(0).tolist()) for label in labels]
        means.append(np.mean([score.f1 for score in sums if score.gold or score.predicted]))
    kinds = np.concatenate([labels.sum(0, keepdims=True), labels, labels[:1]])
    (overall, *each, other), found = one_training(kinds, 2)
    assert found.value == pytest.approx(np.mean([f1(label.sum(0)) for label in labels]))
    assert found.error == pytest.approx(float(np.std(means) * (20 / 19) ** 0.5))
    assert found.freedom == 19
    alone = compare([labels.sum(0, keepdims=True), *(label[None] for label in labels)]).f1
    assert [ends(one) for one in (overall, *each)] == [pytest.approx(ends(one)) for one in alone]
    assert other == each[0]


def test_very_many_units_are_drawn_with_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, control = system(2, 1000, 0.8, seed=1), system(1, 1000, 0.6, seed=2)
    one = compare([ours, control], [(0, 1)])
    monkeypatch.setattr(significance, "MOST", 300)
    other = compare([ours, control], [(0, 1)])
    for single, together in zip(
        (*one.f1, *one.differences), (*other.f1, *other.differences), strict=True
    ):
        assert together.value == pytest.approx(single.value)
        assert together.error == pytest.approx(single.error, rel=0.15)
    assert other.f1[1].freedom == 299
    assert one_training(control, 0)[0][0].freedom == 299
    assert same_trainings(ours, ours + 1).freedom < 1000


def exchanged_exactly(ours: np.ndarray, control: np.ndarray) -> float:
    """The share of all exchanges of whole units after which systems differ at least as much."""
    one, other = ours.mean(0), control.mean(0)
    gaps = []
    for swaps in product([False, True], repeat=len(one)):
        mask = np.array(swaps)[:, None]
        gaps.append(
            abs(f1(np.where(mask, other, one).sum(0)) - f1(np.where(mask, one, other).sum(0)))
        )
    return float(np.mean(np.array(gaps) >= gaps[0] - 1e-9))


@pytest.mark.parametrize("seeds", [1, 3])
def test_randomisation_comes_close_to_all_exchanges(seeds: int) -> None:
    ours, control = system(seeds, 10, 0.9, seed=1), system(seeds, 10, 0.4, seed=2)
    assert randomisation(ours, control) == pytest.approx(exchanged_exactly(ours, control), abs=0.02)


def test_equal_systems_have_p_one() -> None:
    ours = system(1, 30, 0.8, seed=1)
    assert randomisation(ours, ours) == 1
    assert paired_bootstrap(ours, ours).p == 1


@pytest.mark.parametrize("test", [lambda a, b: paired_bootstrap(a, b).p, randomisation])
def test_p_values_tell_better_from_equal(test: Callable[[np.ndarray, np.ndarray], float]) -> None:
    assert test(system(1, 300, 0.9, 1), system(1, 300, 0.6, 2)) < 0.001
    assert test(system(1, 300, 0.7, 1), system(1, 300, 0.7, 2)) > 0.05


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_f1_is_that_of_the_scores() -> None:
    counts = np.array([[3, 2, 1], [0, 0, 0], [0, 2, 0], [4, 4, 4]])
    assert f1(counts).tolist() == pytest.approx([Score(*row).f1 for row in counts.tolist()])


def test_systems_on_different_units_are_refused() -> None:
    for test in (paired_bootstrap, randomisation):
        with pytest.raises(ValueError, match=r"same units for all systems, got .*4.*5"):
            test(system(1, 4, 0.5, 0), system(1, 5, 0.5, 0))


def test_without_units_nothing_differs_and_one_unit_says_nothing() -> None:
    none = compare([np.zeros((2, 0, 3)), np.zeros((1, 0, 3))], [(0, 1)])
    assert [ends(e) for e in (*none.f1, *none.differences)] == [(0, 0, 0)] * 3
    one = compare([np.array([[[2, 2, 1]]]), np.array([[[2, 2, 2]]])], [(1, 0)])
    assert ends(one.differences[0]) == (50, -100, 100)
    assert [ends(e) for e in one.f1] == [(50, 0, 100), (100, 0, 100)]
    assert one.differences[0].p == 1
    assert one.differences[0].error == inf
