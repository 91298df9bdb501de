"""Simulate comparisons with a known difference: how often do the intervals hold it?

Documents differ in length and in how hard they are, which both systems feel; each system has its
own luck with each document, each training its own again, and each training its luck as a whole.
The truth is the mean F1 over all trainings on all documents. Beside it the same without a
difference: p-values must then be uniform.

    python benchmarks/coverage.py --repetitions 1000
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kstest

from synner_graph.evaluation import significance
from synner_graph.evaluation.significance import paired_bootstrap, randomisation

HARD, OF_SYSTEM, OF_TRAINING = 0.8, 0.3, 0.3
"""Standard deviations over documents, in logits: of both systems, of one, of one training."""
SKILL, BETTER = 1.3, 0.1
"""The control's chance to find an entity and how much the other's is above it, in logits."""
SPURIOUS = 0.9
"""Entities found wrongly, for each that is missed."""


@dataclass(frozen=True)
class Setting:
    """Trainings of each system, and the standard deviation of their luck, in logits."""

    trainings: int
    luck: float


SETTINGS = [
    Setting(1, 0.0),
    *(Setting(3, luck) for luck in (0.0, 0.03, 0.1)),
    Setting(2, 0.03),
    Setting(5, 0.03),
]


def systems(
    draw: np.random.Generator, documents: int, setting: Setting, skills: Sequence[float]
) -> list[np.ndarray]:
    """Draw the counts of systems on new documents. *Shape of each:* [trainings, documents, 3]"""
    length = np.exp(draw.normal(0.6, 0.9, documents))
    gold, hard = draw.poisson(length), draw.normal(0, HARD, documents)
    found = []
    for skill in skills:
        shape = setting.trainings, documents
        logit = skill + hard + draw.normal(0, OF_SYSTEM, documents)
        logit = logit + draw.normal(0, OF_TRAINING, shape)
        chance = sigmoid(logit + draw.normal(0, setting.luck, (setting.trainings, 1)))
        correct = draw.binomial(gold, chance)
        wrong = draw.poisson(length * (1 - chance) * SPURIOUS)
        found.append(np.stack([np.broadcast_to(gold, shape), correct + wrong, correct], -1))
    return found


def true_f1(skill: float, luck: float) -> tuple[float, float]:
    """Return the mean F1 over all trainings on all documents, and its deviation over trainings."""
    draw = np.random.default_rng(1)
    spread = (HARD**2 + OF_SYSTEM**2 + OF_TRAINING**2) ** 0.5
    documents = draw.normal(skill, spread, 100_000)
    trainings = draw.normal(0, luck, 300) if luck else np.zeros(1)
    chances = np.array([sigmoid(documents + training).mean() for training in trainings])
    f1 = 200 * chances / (1 + chances + (1 - chances) * SPURIOUS)
    return float(f1.mean()), float(f1.std())


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """The logistic function."""
    return 1 / (1 + np.exp(-logit))


def simulate(setting: Setting, documents: int, repetitions: int) -> str:
    """Return a row of the table."""
    draw = np.random.default_rng(7)
    better, deviation = true_f1(SKILL + BETTER, setting.luck)
    truth = better - true_f1(SKILL, setting.luck)[0]
    held, widths = 0, []
    for _ in range(repetitions):
        found = paired_bootstrap(*systems(draw, documents, setting, (SKILL + BETTER, SKILL)))
        held += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    chances, exchanged = [], []
    for _ in range(repetitions):
        ours, control = systems(draw, documents, setting, (SKILL, SKILL))
        chances.append(paired_bootstrap(ours, control).p)
        exchanged.append(randomisation(ours, control))
    cells = [str(setting.trainings), f"{deviation:.1f}", f"{100 * held / repetitions:.1f}"]
    cells.append(f"{np.mean(widths):.1f}")
    for ps in (chances, exchanged):
        small = 100 * float(np.mean(np.array(ps) < 0.05))
        cells += [f"{small:.1f}", f"{kstest(ps, 'uniform').pvalue:.2f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=316, help="as UNER-EWT's test split")
    parser.add_argument("--repetitions", type=int, default=1000, help="for each row, and each half")
    parser.add_argument("--resamples", type=int, default=2000, help="of each comparison")
    options = parser.parse_args()
    significance.RESAMPLES = options.resamples
    print(
        "| trainings each | their deviation, F1 | coverage of the 95 % interval | its width, F1 | "
        "p < 0.05 | uniform? | p of randomisation < 0.05 | uniform? |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for setting in SETTINGS:
        print(simulate(setting, options.documents, options.repetitions), flush=True)


if __name__ == "__main__":
    main()
