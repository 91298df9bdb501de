"""Compute where arcs and words go, independent of what draws them.

Words stand in columns. A span `(left, right)` joins two columns, and covers the gaps between them.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Span = tuple[int, int]

SLOT = 7.0
"""Distance between two arcs that end at the same word."""
GAP = 16.0
"""Least distance between two words."""


def levels(spans: Sequence[Span]) -> list[int]:
    """Choose the level of each span: spans on a level never overlap, longer ones go above.

    Shorter spans come first and take the lowest level that is free over all gaps they cover. So a
    span is always above those inside it: they hold each level up to theirs somewhere below it.
    """
    taken = [0] * max((right for _, right in spans), default=0)  # by gap: a bit for each level
    found = [0] * len(spans)
    for i in sorted(range(len(spans)), key=lambda i: (spans[i][1] - spans[i][0], spans[i], i)):
        left, right = spans[i]
        above = 0
        for gap in range(left, right):
            above |= taken[gap]
        level = (~above & (above + 1)).bit_length() - 1  # the lowest bit that is not set
        for gap in range(left, right):
            taken[gap] |= 1 << level
        found[i] = level
    return found


def slots(
    spans: Sequence[Span], level: Sequence[int], single: Iterable[int] = ()
) -> tuple[list[Span], list[int], dict[int, int]]:
    """Order the arcs that stand on each word, from left to right.

    At each word come the arcs that go left, the lowest first, then what stands there alone, then
    the arcs that go right, the highest first: so no arc of a tree cuts another's foot.

    Args:
        spans: The arcs.
        level: The level of each arc.
        single: Columns with an arrow that comes from no other word.

    Returns:
        The places of both feet of each arc; how many places each column has (columns beyond the
        last arc are absent); the place of each single.
    """
    single = list(single)
    width = max([right for _, right in spans] + single, default=-1) + 1
    standing: list[list[tuple[int, int, int]]] = [[] for _ in range(width)]  # side, order, arc
    for i, (left, right) in enumerate(spans):
        standing[right].append((0, level[i], i))
        standing[left].append((2, -level[i], i))
    for column in single:
        standing[column].append((1, 0, -1))
    feet: list[list[int]] = [[0, 0] for _ in spans]
    places: dict[int, int] = {}
    for column, arcs in enumerate(standing):
        for place, (side, _, i) in enumerate(sorted(arcs)):
            if side == 1:
                places[column] = place
            else:
                feet[i][0 if side == 2 else 1] = place
    return [(left, right) for left, right in feet], [len(arcs) for arcs in standing], places


def offset(place: int, count: int) -> float:
    """Return the distance of a place from the middle of its column."""
    return (place - (count - 1) / 2) * SLOT


def centres(widths: Sequence[float], demands: Iterable[tuple[int, int, float]]) -> list[float]:
    """Return the middle of every column, from 0 at the left edge of the first.

    Args:
        widths: The width that each column needs.
        demands: (left, right, distance): two different columns whose middles must be that far
            apart at least. What lacks is spread over the gaps between them.
    """
    steps = [(a + b) / 2 + GAP for a, b in pairwise(widths)]
    for left, right, distance in sorted(demands, key=lambda demand: demand[1] - demand[0]):
        lack = distance - sum(steps[left:right])
        if lack > 0:
            for gap in range(left, right):
                steps[gap] += lack / (right - left)
    middle = [widths[0] / 2] if widths else []
    for step in steps:
        middle.append(middle[-1] + step)
    return middle
