"""Choosing entities among scored spans."""

from bisect import bisect_left
from collections.abc import Sequence


def best_non_overlapping(spans: Sequence[tuple[int, int]], gains: Sequence[float]) -> list[int]:
    """The set of spans that share no token and gain the most: weighted interval scheduling.

    Of equally good sets it is the one of fewer spans, and among these the leftmost: the first
    in the order of their sorted spans.

    Args:
        spans: Start and, exclusive, end of each span.
        gains: What each span adds; one that adds nothing is never chosen.

    Returns:
        Positions in `spans` of the chosen, from left to right.
    """
    order = sorted((i for i, gain in enumerate(gains) if gain > 0), key=lambda i: (spans[i], i))
    starts = [spans[i][0] for i in order]
    following = [bisect_left(starts, spans[i][1]) for i in order]

    # best[k]: total gain, and minus the number of spans, of the best choice among order[k:]
    best = [(0.0, 0)] * (len(order) + 1)
    taken = [False] * len(order)
    for k in reversed(range(len(order))):
        gain, minus_count = best[following[k]]
        with_it = (gains[order[k]] + gain, minus_count - 1)
        taken[k] = with_it >= best[k + 1]  # on a tie too: order[k] is the leftmost
        best[k] = with_it if taken[k] else best[k + 1]

    chosen = []
    k = 0
    while k < len(order):
        if taken[k]:
            chosen.append(order[k])
        k = following[k] if taken[k] else k + 1
    return chosen
