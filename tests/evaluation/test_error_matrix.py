"""The matrix of errors: every entity once, where a reader would look for it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.error_matrix import error_matrix
from tests.strategies import nested_entities

LABELS = ("PER", "LOC")


@given(st.data(), st.integers(1, 8))
def test_rows_and_columns_add_up_to_the_entities(data, length):
    gold, found = ([set(data.draw(nested_entities(length, LABELS)))] for _ in range(2))
    matrix = error_matrix(gold, found)
    same, other = matrix.rows(), matrix.rows(other_tokens=True)
    for number, label in enumerate(matrix.labels):
        assert sum(same[number]) + sum(other[number]) == Counter(e.label for e in gold[0])[label]
        column = [row[number] for row in [*same, *other]]
        assert sum(column) == Counter(e.label for e in found[0])[label]
    assert sum(same[i][i] for i in range(len(matrix.labels))) == len(gold[0] & found[0])
    assert sum(matrix.kinds().values()) == sum(map(sum, [*same, *other]))


def test_where_errors_stand():
    gold = [
        [Entity(0, 1, "PER"), Entity(2, 3, "PER"), Entity(4, 6, "LOC"), Entity(7, 9, "LOC")],
        [Entity(0, 1, "LOC")],
    ]
    found = [
        [Entity(0, 1, "PER"), Entity(2, 3, "LOC"), Entity(5, 6, "LOC"), Entity(7, 8, "PER")],
        [Entity(3, 4, "PER")],
    ]
    matrix = error_matrix(gold, found)
    assert matrix.labels == ("LOC", "PER")
    assert matrix.rows() == [[0, 0, 1], [1, 1, 0], [0, 1, 0]]  # LOC, PER, none
    assert matrix.rows(other_tokens=True) == [[1, 1], [0, 0]]
    assert matrix.kinds() == {
        **dict.fromkeys(["correct", "type", "boundary", "type and boundary"], 1),
        **dict.fromkeys(["missed", "spurious"], 1),
    }


def test_of_overlapping_entities_those_that_share_most_are_a_pair():
    gold = [[Entity(0, 5, "PER")]]
    found = [[Entity(0, 1, "LOC"), Entity(1, 5, "LOC")]]
    matrix = error_matrix(gold, found)
    assert matrix.other_tokens == {("PER", "LOC"): 1}
    assert matrix.same_tokens == {(None, "LOC"): 1}


def test_side_by_side_is_no_pair():
    matrix = error_matrix([[Entity(0, 1, "PER")]], [[Entity(1, 2, "LOC")]])
    assert matrix.other_tokens == {}
    assert matrix.same_tokens == {("PER", None): 1, (None, "LOC"): 1}
