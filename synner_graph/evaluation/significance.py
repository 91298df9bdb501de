"""How sure an F1 and a difference in F1 are: the paired bootstrap, and randomisation.

Sentences of one document depend on each other, so documents are what is drawn. Each is known by its
counts of gold, predicted and correct entities. A system may be trained with several seeds, which
are the second factor.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.special import stdtr, stdtrit

RESAMPLES = 10_000
CONFIDENCE = 0.95
BLOCK = 4_000_000
"""Numbers drawn at a time: they bound the memory."""
MOST = 1_000
"""Of more units neighbours are drawn together: the interval hardly changes and takes no longer."""


@dataclass(frozen=True)
class Estimate:
    """An F1 or a difference in F1, in points, with its 95 % interval.

    Attributes:
        value: The mean over seeds, or the difference of two such means.
        error: The standard error.
        freedom: The degrees of freedom of the standard error.
        low: The lower end of the interval.
        high: The upper end of the interval.
    """

    value: float
    error: float
    freedom: float
    low: float
    high: float

    @property
    def ends(self) -> dict[str, float]:
        """The ends of the interval, as JSON has them."""
        return {"low": self.low, "high": self.high}

    @property
    def p(self) -> float:
        """The two-sided p-value of a value of 0, by the t distribution."""
        if not self.error:
            return float(self.value == 0)
        return float(2 * stdtr(self.freedom, -abs(self.value) / self.error))


@dataclass(frozen=True)
class Comparison:
    """Systems on the same units: an F1 of each, and the difference of each pair that was asked for.

    Attributes:
        f1: By system.
        differences: By pair.
    """

    f1: list[Estimate]
    differences: list[Estimate]


def compare(
    systems: Sequence[np.ndarray], pairs: Sequence[tuple[int, int]] = (), seed: int = 0
) -> Comparison:
    """Estimate the F1 of systems and differences between them, by a paired bootstrap.

    Units are drawn with replacement, the same for all systems: the variance over these resamples
    is that of the units. For a system with several seeds, the variance between the seeds is added,
    less the part of it that the choice of the units explains (Owen, "The pigeonhole bootstrap",
    Annals of Applied Statistics 2007: a bootstrap of both factors counts that part too often). The
    interval is that of a t distribution with the degrees of freedom of Satterthwaite (1946), since
    three seeds say little about how far seeds differ. For these degrees nothing is taken off the
    variance between seeds: it is what few seeds gave.

    Args:
        systems: The counts of gold, predicted and correct entities in each unit, a document for
            example, by seed. The number of seeds may differ. *Shape of each:* [seeds, units, 3]
        pairs: Numbers of systems, first and second: the difference is first - second.
        seed: Of the draws.

    Raises:
        ValueError: The systems do not have the same units.
    """
    sizes = {counts.shape[1] for counts in systems}
    if len(sizes) > 1:
        raise ValueError(f"expected the same units for all systems, got {sorted(sizes)}")
    systems = [_together(counts) for counts in systems]
    units = systems[0].shape[1]
    ends = np.cumsum([len(counts) for counts in systems])[:-1]
    by_column = np.split(_bootstrap(np.concatenate(systems), seed), ends, axis=1)
    sides = [
        _Side(f1(counts.sum(1)), resampled)
        for counts, resampled in zip(systems, by_column, strict=True)
    ]
    return Comparison(
        [_estimate(side.mean, side.over_units, units, [side], (0, 100)) for side in sides],
        [
            _estimate(
                sides[one].mean - sides[other].mean,
                sides[one].over_units - sides[other].over_units,
                units,
                [sides[one], sides[other]],
                (-100, 100),
            )
            for one, other in pairs
        ],
    )


def paired_bootstrap(ours: np.ndarray, control: np.ndarray, seed: int = 0) -> Estimate:
    """Estimate the difference in F1 of two systems: see `compare`.

    Args:
        ours: The counts of a system. *Shape:* [seeds, units, 3]
        control: The counts of the other system on the same units. *Shape:* [seeds, units, 3]
        seed: Of the draws.
    """
    return compare([ours, control], [(0, 1)], seed).differences[0]


def same_trainings(one: np.ndarray, other: np.ndarray, seed: int = 0) -> Estimate:
    """Estimate the difference in F1 of the same trainings under two conditions.

    What a seed gives to both drops out.

    Args:
        one: The counts under the first condition. *Shape:* [seeds, units, 3]
        other: Those of the same trainings, in the same order, under the other. *Shape:* as `one`
        seed: Of the draws.

    Raises:
        ValueError: The shapes differ.
    """
    if one.shape != other.shape:
        raise ValueError(f"expected the same shape twice, got {one.shape} and {other.shape}")
    one, other = _together(one), _together(other)
    resampled = _bootstrap(np.concatenate([one, other]), seed)
    first, second = np.split(resampled, 2, axis=1)
    side = _Side(f1(one.sum(1)) - f1(other.sum(1)), first - second)
    return _estimate(side.mean, side.over_units, one.shape[1], [side], (-100, 100))


def one_training(kinds: np.ndarray, labels: int, seed: int = 0) -> tuple[list[Estimate], Estimate]:
    """Estimate each F1 of one training, and the mean F1 over labels, by one bootstrap.

    In each resample the mean is that over the labels that are drawn, gold or predicted.

    Args:
        kinds: The counts of all entities, then of each label, then of other kinds of entities.
            *Shape:* [kinds, units, 3]
        labels: How many labels there are.
        seed: Of the draws.

    Returns:
        The F1 of every kind, and the mean.
    """
    kinds = _together(kinds)
    scores = f1(kinds.sum(1), np.nan)[None]
    resampled = _bootstrap(kinds, seed, np.nan)

    def estimate(score: np.ndarray, over_units: np.ndarray) -> Estimate:
        return _estimate(float(score[0]), over_units, kinds.shape[1], [], (0, 100))

    def mean(rates: np.ndarray) -> np.ndarray:
        means: np.ndarray = np.nansum(rates, -1) / np.maximum((~np.isnan(rates)).sum(-1), 1)
        return means

    of_labels = slice(1, labels + 1)
    macro = estimate(mean(scores[:, of_labels]), mean(resampled[:, of_labels]))
    columns = zip(np.nan_to_num(scores).T, np.nan_to_num(resampled).T, strict=True)
    return [estimate(*column) for column in columns], macro


def pooled(estimates: Sequence[Estimate]) -> Estimate:
    """Average independent estimates, such as differences on several corpora; each counts alike."""
    parts = [(estimate.error / len(estimates)) ** 2 for estimate in estimates]
    value = sum(estimate.value for estimate in estimates) / len(estimates)
    freedom = [estimate.freedom for estimate in estimates]
    return _interval(value, sum(parts), list(zip(parts, freedom, strict=True)), (-100, 100))


def randomisation(ours: np.ndarray, control: np.ndarray, seed: int = 0) -> float:
    """Return the two-sided p-value of a paired approximate randomisation (Noreen 1989).

    In each of 10,000 resamples the two systems exchange their counts of each unit with
    probability 1/2; p says how often they then differ at least as much as they do. Of several
    seeds the mean counts are exchanged: the answer is about these trainings, not about others.

    Args:
        ours: The counts of a system. *Shape:* [seeds, units, 3]
        control: The counts of the other system on the same units. *Shape:* [seeds, units, 3]
        seed: Of the draws.

    Raises:
        ValueError: The two systems do not have the same units.
    """
    if ours.shape[1] != control.shape[1]:
        raise ValueError(
            f"expected the same units for all systems, got {ours.shape[1]} and {control.shape[1]}"
        )
    one, other = ours.mean(0), control.mean(0)
    change = other - one
    change = change[change.any(1)]  # an exchange of equal counts changes nothing
    draw = np.random.default_rng(seed)

    def exchanged(rows: int) -> np.ndarray:
        swaps = draw.integers(2, size=(rows, len(change)), dtype=np.int8).astype(np.float64)
        moved = swaps @ change
        gaps: np.ndarray = np.abs(f1(one.sum(0) + moved) - f1(other.sum(0) - moved))
        return gaps

    observed = abs(f1(one.sum(0)) - f1(other.sum(0)))
    found = np.concatenate(list(_blocks(exchanged, len(change))))
    # A sum in another order may differ in the last digits: equal is at least as much.
    extreme = int((found >= observed - 1e-9).sum())
    return (extreme + 1) / (RESAMPLES + 1)  # what was observed is one of the exchanges


def holm(values: Sequence[float]) -> list[float]:
    """Correct p-values for the number of comparisons (Holm 1979)."""
    order = np.argsort(values, kind="stable")
    steps = np.array(values)[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(value) for value in corrected]


def f1(counts: np.ndarray, nothing: float = 0.0) -> np.ndarray:
    """F1 in percent.

    Args:
        counts: Gold, predicted and correct entities. *Shape:* [..., 3]
        nothing: The F1 where nothing was found and nothing was to be found.

    Returns:
        *Shape:* [...]
    """
    total = counts[..., 0] + counts[..., 1]
    scores = 200.0 * counts[..., 2] / np.where(total > 0, total, 1)
    rates: np.ndarray = np.where(total > 0, scores, nothing)
    return rates


class _Side:
    """The F1 of a system: by seed, and by resample and seed."""

    def __init__(self, scores: np.ndarray, resampled: np.ndarray) -> None:
        self.mean = float(scores.mean())
        self.over_units: np.ndarray = resampled.mean(1)
        self.freedom = len(scores) - 1
        self.between_seeds = self.of_seeds_alone = 0.0
        if self.freedom:
            self.between_seeds = float(scores.var(ddof=1)) / len(scores)
            # How far the means of equal seeds lie apart, by the choice of the units alone.
            apart = (resampled - resampled.mean(1, keepdims=True)).var(0).sum() / self.freedom
            by_chance = float(apart) / len(scores)
            self.of_seeds_alone = max(self.between_seeds - by_chance, 0.0)


def _together(counts: np.ndarray) -> np.ndarray:
    """Add up neighbours where there are more than `MOST` units. *Shape:* [..., units, 3]"""
    units = counts.shape[-2]
    if units <= MOST:
        return counts
    return np.add.reduceat(counts, np.arange(MOST) * units // MOST, axis=-2)


def _bootstrap(counts: np.ndarray, seed: int, nothing: float = 0.0) -> np.ndarray:
    """Return the F1 of each column in every resample of the units.

    Args:
        counts: *Shape:* [columns, units, 3]
        seed: Of the draws.
        nothing: As for `f1`.

    Returns:
        *Shape:* [resamples, columns]
    """
    columns, units, _ = counts.shape
    kept = counts[:, counts.any((0, 2))]  # the others add nothing, however often they are drawn
    some = kept.shape[1]
    if not some:
        return np.full((RESAMPLES, columns), nothing)
    chances = np.full(some + 1, 1 / units)
    chances[-1] = max(1 - some / units, 0)
    table = kept.swapaxes(0, 1).reshape(some, columns * 3).astype(np.float64)
    draw = np.random.default_rng(seed)

    def resampled(rows: int) -> np.ndarray:
        weights = draw.multinomial(units, chances, size=rows)[:, :-1].astype(np.float64)
        return f1((weights @ table).reshape(rows, columns, 3), nothing)

    return np.concatenate(list(_blocks(resampled, some)))


def _blocks(make: Callable[[int], np.ndarray], width: int) -> Iterator[np.ndarray]:
    """Make the rows of all resamples, some at a time."""
    rows = max(BLOCK // max(width, 1), 1)
    for first in range(0, RESAMPLES, rows):
        yield make(min(rows, RESAMPLES - first))


def _estimate(
    value: float,
    over_units: np.ndarray,
    units: int,
    sides: Sequence[_Side],
    bounds: tuple[float, float],
) -> Estimate:
    if not units:
        return Estimate(value, 0.0, inf, value, value)  # there was nothing to find
    if units == 1:
        return Estimate(value, inf, inf, *bounds)  # one unit says nothing of others
    # The resamples' variance is that of a population of these units, not an estimate of another's.
    over_units_variance = float(over_units.var()) * units / (units - 1)
    variance = over_units_variance + sum(side.of_seeds_alone for side in sides)
    parts = [(over_units_variance, float(units - 1))]
    parts += [(side.between_seeds, float(side.freedom)) for side in sides if side.freedom]
    return _interval(value, variance, parts, bounds)


def _interval(
    value: float,
    variance: float,
    parts: Sequence[tuple[float, float]],
    bounds: tuple[float, float],
) -> Estimate:
    """Return an estimate with the degrees of freedom of the sum of these variances.

    Args:
        value: What is estimated.
        variance: Of the estimate.
        parts: Variances and the degrees of freedom of each.
        bounds: Beyond which the interval cannot reach.
    """
    if variance in (0, inf):
        ends = bounds if variance else (value, value)
        return Estimate(value, sqrt(variance), inf, *ends)
    total = sum(part for part, _ in parts)
    freedom = total**2 / sum(part**2 / degrees for part, degrees in parts)
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(variance)
    low, high = bounds
    return Estimate(value, sqrt(variance), freedom, max(value - half, low), min(value + half, high))
