"""Choose the windows of similar length that pass through the transformer at once."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence


def tight_groups(lengths: Sequence[int], cost: int) -> list[list[int]]:
    """Group rows so that padding each group to its longest row costs least.

    Exact, by dynamic programming over the different lengths: in sorted order every group is a run,
    and equal lengths stay together.

    Args:
        lengths: Of each row.
        cost: Of a group, in places: what one more pass costs.

    Returns:
        Rows of each group, the shortest group first.
    """
    counts = sorted(Counter(lengths).items())
    fewest, first = [0], [0]  # places for the k shortest lengths; where their last group begins
    for k, (longest, _) in enumerate(counts, start=1):
        options = []
        rows = 0
        for start in reversed(range(k)):
            rows += counts[start][1]
            options.append((fewest[start] + rows * longest + cost, start))
        places, start = min(options)
        fewest.append(places)
        first.append(start)
    limits: list[int] = []  # the longest row of each group
    k = len(counts)
    while k > 0:
        limits.insert(0, counts[k - 1][0])
        k = first[k]
    groups: list[list[int]] = [[] for _ in limits]
    for row, length in enumerate(lengths):
        groups[bisect_left(limits, length)].append(row)
    return groups
