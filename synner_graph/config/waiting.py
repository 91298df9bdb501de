"""How threads of OpenMP wait for each other: for a moment awake, then asleep."""

from collections.abc import MutableMapping

BRIEF = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
"""Variables that OpenMP reads once, when torch is imported.

A thread that waits awake takes a core from whoever else would run on it; a thread that sleeps at
once is slow to come back, and the operators of a model are small. 1,000 rounds are the most that
left training 0.8 of its fair share beside other programs (`bench busy`, docs/benchmarks.md). The
second variable is that of GNU's OpenMP, which torch brings along on Linux; other OpenMPs know the
first alone, and sleep at once.
"""


def wait_briefly(environment: MutableMapping[str, str]) -> None:
    """Set the variables in BRIEF, unless any of them is set already.

    Args:
        environment: Of the process; torch must not have been imported.
    """
    if not environment.keys() & BRIEF.keys():
        environment.update(BRIEF)
