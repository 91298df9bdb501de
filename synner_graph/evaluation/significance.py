"""The paired bootstrap: how sure a difference in F1 between two systems is."""

from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000


class Difference(NamedTuple):
    """A difference in F1, in points, and its 95 % interval.

    Attributes:
        mean: The mean F1 of one system less that of the other.
        low: The lower end of the interval.
        high: The upper end of the interval.
    """

    mean: float
    low: float
    high: float


def paired_bootstrap(ours: np.ndarray, control: np.ndarray, seed: int = 0) -> Difference:
    """Compare two systems, each trained with several seeds, on the same units.

    A resample draws units, the same for both systems, and seeds, for each system its own. So the
    interval covers the choice of the units and the luck of the training.

    Args:
        ours: The counts of gold, predicted and correct entities in each unit, a sentence for
            example. *Shape:* [seeds, units, 3]
        control: The counts of the other system on the same units. The number of seeds may differ.
            *Shape:* [seeds, units, 3]
        seed: Of the draws.

    Raises:
        ValueError: The two systems do not have the same units.
    """
    units = ours.shape[1]
    if control.shape[1] != units:
        raise ValueError(f"expected the same units twice, got {units} and {control.shape[1]}")
    if not units:
        return Difference(0.0, 0.0, 0.0)  # as for units without entities
    draw = np.random.default_rng(seed)
    weights = draw.multinomial(units, np.full(units, 1 / units), size=RESAMPLES)
    weights = weights.astype(np.float64)  # products of whole numbers are slow
    means, resampled = [], []
    for counts in (ours.astype(np.float64), control.astype(np.float64)):
        # [resamples, units] and [seeds, units, 3] -> [resamples, seeds, 3]
        scores = f1(np.einsum("rs,ksc->rkc", weights, counts, optimize=True))
        seeds = draw.integers(len(counts), size=(RESAMPLES, len(counts)))
        means.append(f1(counts.sum(1)).mean())
        resampled.append(np.take_along_axis(scores, seeds, axis=1).mean(1))
    low, high = np.percentile(resampled[0] - resampled[1], [2.5, 97.5])
    return Difference(float(means[0] - means[1]), float(low), float(high))


def f1(counts: np.ndarray) -> np.ndarray:
    """F1 in percent; 0 where nothing was found and nothing was to be found.

    Args:
        counts: Gold, predicted and correct entities. *Shape:* [..., 3]

    Returns:
        *Shape:* [...]
    """
    scores: np.ndarray = 200.0 * counts[..., 2] / np.maximum(counts[..., 0] + counts[..., 1], 1)
    return scores
