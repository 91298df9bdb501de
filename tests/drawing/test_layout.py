"""Levels, places and columns: nothing overlaps, nothing is wider apart than it must be."""

from collections import defaultdict
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import Sentence
from synner_graph.drawing.layout import GAP, centres, levels, offset, slots
from tests.strategies import sentences


def overlap(one, other):
    return max(one[0], other[0]) < min(one[1], other[1])


def spans_of(sentence: Sentence) -> list[tuple[int, int]]:
    return [(min(h, d), max(h, d)) for h, d, _ in sentence.arcs if h >= 0]


any_spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda s: (s[0], s[0] + s[1])), max_size=14
)
tree_spans = sentences(parsed=True, max_size=14).map(spans_of)


@given(any_spans | tree_spans)
def test_spans_of_one_level_do_not_overlap(spans):
    found = levels(spans)
    for (one, a), (other, b) in combinations(zip(spans, found, strict=True), 2):
        assert a != b or not overlap(one, other)


@given(any_spans | tree_spans)
def test_a_span_is_above_those_inside_it(spans):
    found = levels(spans)
    for (one, a), (other, b) in combinations(zip(spans, found, strict=True), 2):
        if one != other and one[0] <= other[0] and other[1] <= one[1]:
            assert a > b
        if one != other and other[0] <= one[0] and one[1] <= other[1]:
            assert b > a


@given(any_spans)
def test_no_level_is_left_out(spans):
    found = levels(spans)
    for span, level in zip(spans, found, strict=True):
        below = {b for other, b in zip(spans, found, strict=True) if overlap(span, other)}
        assert set(range(level)) <= below


def test_levels_of_a_small_tree():
    assert levels([(0, 1), (2, 3), (1, 3), (1, 4)]) == [0, 0, 1, 2]
    assert levels([(0, 2), (1, 3)]) == [0, 1]  # they cross
    assert levels([(0, 2), (2, 4)]) == [0, 0]  # they meet
    assert levels([]) == []


@given(sentences(parsed=True, max_size=12))
def test_every_arc_has_a_place_of_its_own_at_each_end(sentence):
    spans = spans_of(sentence)
    feet, counts, single = slots(spans, levels(spans), sentence.roots)
    taken = defaultdict(list)
    for span, places in zip(spans, feet, strict=True):
        for column, place in zip(span, places, strict=True):
            taken[column].append(place)
    for column, place in single.items():
        taken[column].append(place)
    assert single.keys() == set(sentence.roots)
    for column, count in enumerate(counts):
        assert sorted(taken[column]) == list(range(count))


@given(sentences(parsed=True, projective=True, max_size=12))
def test_no_foot_of_a_projective_tree_is_cut(sentence):
    spans = spans_of(sentence)
    level = levels(spans)
    feet, counts, single = slots(spans, level, sentence.roots)
    middles = centres([10.0 + 7 * c for c in counts] + [10.0] * (len(sentence) - len(counts)), [])

    def at(column, place):
        return middles[column] + offset(place, counts[column])

    arcs = [
        (at(span[0], place[0]), at(span[1], place[1]), height)
        for span, place, height in zip(spans, feet, level, strict=True)
    ]
    verticals = [(x, height) for left, right, height in arcs for x in (left, right)]
    verticals += [(at(column, place), 99) for column, place in single.items()]
    for left, right, height in arcs:
        assert left < right
        assert not any(left < x < right and top > height for x, top in verticals)


@given(st.data(), st.lists(st.floats(1, 80), min_size=1, max_size=8))
def test_columns_do_not_overlap_and_demands_are_met(data, widths):
    columns = st.integers(0, len(widths) - 1)
    pairs = st.tuples(columns, columns, st.floats(0, 300)).filter(lambda d: d[0] < d[1])
    demands = data.draw(st.lists(pairs, max_size=6)) if len(widths) > 1 else []
    middles = centres(widths, demands)
    assert middles[0] == widths[0] / 2
    for i, (left, right) in enumerate(pairwise(middles)):
        assert right - left >= (widths[i] + widths[i + 1]) / 2 + GAP - 1e-6
    for left, right, distance in demands:
        assert middles[right] - middles[left] >= distance - 1e-6


def test_columns_stay_as_narrow_as_they_can():
    assert centres([10, 10, 10], [(0, 2, 20)]) == [5, 15 + GAP, 25 + 2 * GAP]
    assert centres([10, 10], [(0, 1, 100), (0, 1, 60)]) == [5, 105]
    assert centres([], []) == []


def test_places_go_outwards_from_the_middle():
    assert [offset(place, 3) for place in range(3)] == pytest.approx([-7, 0, 7])
