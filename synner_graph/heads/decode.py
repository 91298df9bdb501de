"""Choosing entities among scored spans."""

from bisect import bisect_left
from collections.abc import Sequence

from synner_graph.data.dictionary import Shares

Span = tuple[int, int]
SHARES: dict[str, Shares] = {"flat": "none", "nested": "nested", "greedy": "none", "all": "any"}
"""Decoder -> which of the entities that it chooses may share tokens."""


def choose(
    decoder: str, spans: Sequence[Span], probabilities: Sequence[float], gains: Sequence[float]
) -> list[int]:
    """Choose among spans as a decoder does.

    Args:
        decoder: A key of `SHARES`.
        spans: Start and, exclusive, end of each span.
        probabilities: Of each span.
        gains: What each span adds, above 0.

    Returns:
        Positions in `spans` of the chosen, from left to right.
    """
    if decoder == "all":
        return sorted(range(len(spans)), key=lambda i: spans[i])
    if decoder == "greedy":
        return most_probable(spans, probabilities)
    best = best_non_crossing if decoder == "nested" else best_non_overlapping
    return best(spans, gains)


def best_non_overlapping(spans: Sequence[Span], gains: Sequence[float]) -> list[int]:
    """Choose the spans that share no token and gain the most: weighted interval scheduling.

    Of equally good sets the one with the fewest spans is taken, and of these the leftmost: the
    first in the order of their sorted spans.

    Args:
        spans: Start and, exclusive, end of each span.
        gains: What each span adds; one that adds nothing is never chosen.

    Returns:
        Positions in `spans` of the chosen, from left to right.
    """
    order = sorted((i for i, gain in enumerate(gains) if gain > 0), key=lambda i: (spans[i], i))
    chosen, _ = _schedule(order, spans, [(gain, -1) for gain in gains])
    return chosen


def best_non_crossing(spans: Sequence[Span], gains: Sequence[float]) -> list[int]:
    """Choose the spans that gain the most if they may lie inside each other, but not cross.

    From the narrowest span on, the best set inside each span is chosen, as if the span were a
    sentence; its gain is added to that of the span. Of equally good sets one with the fewest spans
    is taken.

    Args:
        spans: Start and, exclusive, end of each span.
        gains: What each span adds; one that adds nothing is never chosen.

    Returns:
        Positions in `spans` of the chosen, from left to right; of spans with one start
        the narrowest first.
    """
    order = sorted((i for i, gain in enumerate(gains) if gain > 0), key=lambda i: (spans[i], i))
    starts = [spans[i][0] for i in order]
    totals = [(gain, -1) for gain in gains]  # with what lies inside, as far as that is known
    inside: dict[int, list[int]] = {}
    for i in sorted(order, key=lambda i: _width(spans[i])):
        start, end = spans[i]
        near = order[bisect_left(starts, start) : bisect_left(starts, end)]
        within = [j for j in near if spans[j][1] <= end and _width(spans[j]) < end - start]
        inside[i], (gain, minus_count) = _schedule(within, spans, totals)
        totals[i] = gains[i] + gain, minus_count - 1

    waiting, _ = _schedule(order, spans, totals)
    chosen = []
    while waiting:
        chosen.append(waiting.pop())
        waiting += inside[chosen[-1]]
    return sorted(chosen, key=lambda i: spans[i])


def most_probable(spans: Sequence[Span], probabilities: Sequence[float]) -> list[int]:
    """Take spans, the most probable first, unless they overlap one that is already taken.

    Of equally probable spans the leftmost comes first. Source: the heuristic decoding of Fu et al.
    (2021); it is not exact: a set of less probable spans may be more probable as a whole.

    Args:
        spans: Start and, exclusive, end of each span.
        probabilities: Of each span.

    Returns:
        Positions in `spans` of the chosen, from left to right.
    """
    chosen: list[int] = []
    for i in sorted(range(len(spans)), key=lambda i: (-probabilities[i], spans[i], i)):
        start, end = spans[i]
        if all(end <= spans[j][0] or spans[j][1] <= start for j in chosen):
            chosen.append(i)
    return sorted(chosen, key=lambda i: spans[i])


def _schedule(
    order: Sequence[int], spans: Sequence[Span], totals: Sequence[tuple[float, int]]
) -> tuple[list[int], tuple[float, int]]:
    """Choose, of the sorted spans in `order`, those that share no token and total the most.

    A total is the gain of a span with all inside it, and minus the number of these spans.
    """
    starts = [spans[i][0] for i in order]
    following = [bisect_left(starts, spans[i][1]) for i in order]

    best = [(0.0, 0)] * (len(order) + 1)  # best[k]: total of the best choice among order[k:]
    taken = [False] * len(order)
    for k in reversed(range(len(order))):
        gain, minus_count = totals[order[k]]
        later_gain, later_minus_count = best[following[k]]
        with_it = (gain + later_gain, minus_count + later_minus_count)
        taken[k] = with_it >= best[k + 1]  # on a tie too: order[k] is the leftmost
        best[k] = with_it if taken[k] else best[k + 1]

    chosen = []
    k = 0
    while k < len(order):
        if taken[k]:
            chosen.append(order[k])
        k = following[k] if taken[k] else k + 1
    return chosen, best[0]


def _width(span: Span) -> int:
    return span[1] - span[0]
