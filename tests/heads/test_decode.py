"""The exact search against all subsets."""

from itertools import chain, combinations
from random import Random

from synner_graph.heads.decode import best_non_overlapping

Span = tuple[int, int]


def best_by_enumeration(spans: list[Span], gains: list[float]) -> list[int]:
    """Most gain, then fewest spans, then leftmost, among all sets of spans that share no token."""
    positions = [i for i, gain in enumerate(gains) if gain > 0]
    sets = chain.from_iterable(combinations(positions, n) for n in range(len(positions) + 1))

    def overlaps(chosen: tuple[int, ...]) -> bool:
        return any(
            spans[i][0] < spans[j][1] and spans[j][0] < spans[i][1]
            for i, j in combinations(chosen, 2)
        )

    best = min(
        (chosen for chosen in sets if not overlaps(chosen)),
        key=lambda chosen: (
            -sum(gains[i] for i in chosen),
            len(chosen),
            sorted(spans[i] for i in chosen),
        ),
    )
    return sorted(best, key=lambda i: spans[i])


def test_finds_what_enumeration_finds_ties_included() -> None:
    random = Random(0)
    all_spans = [(start, end) for start in range(7) for end in range(start + 1, 8)]
    for _ in range(300):
        spans = random.sample(all_spans, random.randint(0, 9))
        gains = [float(random.randint(-1, 4)) for _ in spans]  # whole numbers tie often
        assert best_non_overlapping(spans, gains) == best_by_enumeration(spans, gains)


def test_one_wide_span_wins_a_tie_against_two_narrow_ones() -> None:
    assert best_non_overlapping([(0, 1), (1, 2), (0, 2)], [1.0, 1.0, 2.0]) == [2]


def test_two_narrow_spans_win_if_they_gain_more() -> None:
    assert best_non_overlapping([(0, 1), (1, 2), (0, 2)], [1.0, 1.1, 2.0]) == [0, 1]


def test_a_greedy_choice_would_fail() -> None:
    assert best_non_overlapping([(1, 3), (0, 2), (2, 4)], [3.0, 2.0, 2.0]) == [1, 2]


def test_the_leftmost_wins_between_equals() -> None:
    assert best_non_overlapping([(1, 3), (0, 2)], [1.0, 1.0]) == [1]
    assert best_non_overlapping([(0, 3), (0, 2)], [1.0, 1.0]) == [1]


def test_a_span_that_gains_nothing_is_not_chosen() -> None:
    assert best_non_overlapping([(0, 1), (1, 2)], [0.0, -1.0]) == []
    assert best_non_overlapping([], []) == []
