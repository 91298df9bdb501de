"""The exact search against all subsets."""

from collections.abc import Callable
from itertools import chain, combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.heads.decode import best_non_crossing, best_non_overlapping, most_probable

Span = tuple[int, int]


def overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def cross(one: Span, other: Span) -> bool:
    """Whether they overlap and neither lies inside the other."""
    first, last = sorted([one, other], key=lambda span: (span[0], -span[1]))
    return first[0] < last[0] < first[1] < last[1] or one == other


def best_by_enumeration(
    spans: list[Span], gains: list[float], clash: Callable[[Span, Span], bool] = overlap
) -> list[int]:
    """Most gain, then fewest spans, then leftmost, among all sets of spans of which none clash."""
    positions = [i for i, gain in enumerate(gains) if gain > 0]
    sets = chain.from_iterable(combinations(positions, n) for n in range(len(positions) + 1))

    def clashes(chosen: tuple[int, ...]) -> bool:
        return any(clash(spans[i], spans[j]) for i, j in combinations(chosen, 2))

    best = min(
        (chosen for chosen in sets if not clashes(chosen)),
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


SPANS = [(start, end) for start in range(7) for end in range(start + 1, 8)]
# Whole numbers tie often; spans come twice now and then.
SCORED = st.lists(st.tuples(st.sampled_from(SPANS), st.integers(-1, 6).map(float)), max_size=9)


@given(SCORED)
def test_nested_spans_are_those_that_enumeration_finds(scored: list[tuple[Span, float]]) -> None:
    spans, gains = [span for span, _ in scored], [gain for _, gain in scored]

    found = best_non_crossing(spans, gains)

    best = best_by_enumeration(spans, gains, cross)
    assert found == sorted(set(found), key=lambda i: spans[i])
    assert not any(cross(spans[i], spans[j]) for i, j in combinations(found, 2))
    assert sum(gains[i] for i in found) == sum(gains[i] for i in best)
    assert len(found) == len(best)
    assert all(gains[i] > 0 for i in found)


def test_deeply_nested_spans_are_all_taken() -> None:
    spans = [(0, end) for end in range(1, 300)]
    assert best_non_crossing(spans, [1.0] * len(spans)) == list(range(len(spans)))


def test_what_lies_inside_decides_between_crossing_spans() -> None:
    spans = [(0, 3), (2, 5), (3, 4), (4, 5)]
    assert best_non_crossing(spans, [2.0, 1.5, 0.4, 0.4]) == [0, 2, 3]
    assert best_non_crossing(spans, [2.0, 2.5, 0.4, 0.4]) == [1, 2, 3]
    assert best_non_crossing([(0, 3), (2, 6), (4, 6)], [2.0, 1.0, 2.0]) == [0, 2]


@given(SCORED)
def test_the_most_probable_span_comes_first(scored: list[tuple[Span, float]]) -> None:
    spans, probabilities = [span for span, _ in scored], [score for _, score in scored]

    found = most_probable(spans, probabilities)

    assert found == sorted(found, key=lambda i: spans[i])
    assert not any(overlap(spans[i], spans[j]) for i, j in combinations(found, 2))
    for i in set(range(len(spans))) - set(found):
        assert any(
            overlap(spans[i], spans[j]) and probabilities[j] >= probabilities[i] for j in found
        )


def test_the_most_probable_span_may_cost_two_others() -> None:
    assert most_probable([(1, 3), (0, 2), (2, 4)], [0.9, 0.8, 0.8]) == [0]
    assert most_probable([(0, 2), (1, 4), (3, 6)], [0.7, 0.8, 0.9]) == [0, 2]
    assert most_probable([(0, 2), (1, 3)], [0.8, 0.8]) == [0]
