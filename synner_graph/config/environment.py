"""Variables of the environment that libraries read once: how threads wait, what is remembered."""

from collections.abc import MutableMapping

WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
"""How threads of OpenMP wait for each other: for a moment awake, then asleep.

A thread that waits awake takes a core from whoever else would run on it; a thread that sleeps at
once is slow to come back, and the operators of a model are small. 1,000 rounds are the most that
left training 0.8 of its fair share beside other programs (`bench busy`, docs/benchmarks.md). The
second variable is that of GNU's OpenMP, which torch brings along on Linux; other OpenMPs know the
first alone, and sleep at once.
"""

REMEMBERED = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "LRU_CACHE_CAPACITY": "16"}
"""How many operators oneDNN, and torch for it, keep that were compiled for a shape.

The layers of a transformer share the shapes of a batch, and the next batch has others. By default
1,024 are kept by each, which take more than 100 MB in bfloat16.
"""


def set_up(environment: MutableMapping[str, str]) -> None:
    """Set the variables of each group, unless one of it is set already.

    Args:
        environment: Of the process; torch must not have been imported.
    """
    for group in (WAITING, REMEMBERED):
        if not environment.keys() & group.keys():
            environment.update(group)


def without_ours(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Return an environment less what `set_up` sets, for programs that are not ours."""
    ours = WAITING | REMEMBERED
    return {name: value for name, value in environment.items() if ours.get(name) != value}
