"""Groups of windows, against all ways of cutting the sorted lengths."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.encoders.grouping import tight_groups


def places(groups: list[list[int]], lengths: list[int], cost: int) -> int:
    return sum(cost + len(rows) * max(lengths[row] for row in rows) for rows in groups)


def fewest(lengths: list[int], cost: int) -> int:
    """The best of all cuts of the sorted rows."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    inner = range(1, len(order))
    return min(
        places([order[a:b] for a, b in pairwise((0, *cuts, len(order)))], lengths, cost)
        for number in range(len(order))
        for cuts in combinations(inner, number)
    )


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.integers(0, 30))
def test_no_cut_needs_fewer_places(lengths: list[int], cost: int) -> None:
    groups = tight_groups(lengths, cost)
    assert sorted(row for rows in groups for row in rows) == list(range(len(lengths)))
    assert all(groups)
    assert places(groups, lengths, cost) == fewest(lengths, cost)
    longest = [max(lengths[row] for row in rows) for rows in groups]
    assert longest == sorted(longest)


@pytest.mark.parametrize(
    ("cost", "groups"), [(0, [[1, 3], [0], [2]]), (5, [[0, 1, 3], [2]]), (1000, [[0, 1, 2, 3]])]
)
def test_a_dear_pass_makes_few_groups(cost: int, groups: list[list[int]]) -> None:
    assert tight_groups([5, 3, 50, 3], cost) == groups
