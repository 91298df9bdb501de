"""Mistakes: every difference once, and of the kind that a reader would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.mistakes import (
    MISSED,
    SPURIOUS,
    WRONG_BOUNDARY,
    WRONG_TYPE,
    Mistake,
    find_mistakes,
    mistakes_page,
)
from tests.drawing.test_page import read
from tests.strategies import nested_entities

PER, LOC = Entity(0, 2, "PER"), Entity(3, 4, "LOC")


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([PER, LOC], [PER, LOC], []),
        ([PER], [], [Mistake(MISSED, gold=PER)]),
        ([], [LOC], [Mistake(SPURIOUS, predicted=LOC)]),
        ([PER], [Entity(0, 2, "ORG")], [Mistake(WRONG_TYPE, PER, Entity(0, 2, "ORG"))]),
        ([PER], [Entity(1, 3, "PER")], [Mistake(WRONG_BOUNDARY, PER, Entity(1, 3, "PER"))]),
        # Another label and other boundaries: two mistakes.
        (
            [PER],
            [Entity(1, 3, "ORG")],
            [Mistake(MISSED, PER), Mistake(SPURIOUS, predicted=Entity(1, 3, "ORG"))],
        ),
        # Side by side is not over each other.
        (
            [Entity(0, 1, "PER")],
            [Entity(1, 2, "PER")],
            [Mistake(MISSED, Entity(0, 1, "PER")), Mistake(SPURIOUS, None, Entity(1, 2, "PER"))],
        ),
        # One long entity read as two: it goes with the one that shares more.
        (
            [Entity(0, 5, "ORG")],
            [Entity(0, 2, "ORG"), Entity(2, 5, "ORG")],
            [
                Mistake(WRONG_BOUNDARY, Entity(0, 5, "ORG"), Entity(2, 5, "ORG")),
                Mistake(SPURIOUS, predicted=Entity(0, 2, "ORG")),
            ],
        ),
        # What is right takes no part, though it overlaps.
        (
            [Entity(0, 3, "ORG"), Entity(1, 2, "ORG")],
            [Entity(0, 3, "ORG")],
            [Mistake(MISSED, Entity(1, 2, "ORG"))],
        ),
    ],
)
def test_kinds(gold, predicted, expected):
    found = find_mistakes(gold, predicted)
    assert sorted(found, key=str) == sorted(expected, key=str)


@given(st.data(), st.integers(1, 8))
def test_every_difference_is_in_one_mistake(data, length):
    gold, predicted = (data.draw(nested_entities(length)) for _ in range(2))
    mistakes = find_mistakes(gold, predicted)
    assert sorted(m.gold for m in mistakes if m.gold) == sorted(set(gold) - set(predicted))
    assert sorted(m.predicted for m in mistakes if m.predicted) == sorted(
        set(predicted) - set(gold)
    )
    for mistake in mistakes:
        one, other = mistake.gold, mistake.predicted
        if mistake.kind == WRONG_TYPE:
            assert (one.start, one.end) == (other.start, other.end) and one.label != other.label
        elif mistake.kind == WRONG_BOUNDARY:
            assert one.label == other.label and one.start < other.end and other.start < one.end
        else:
            assert (one is None) == (mistake.kind == SPURIOUS) and (one is None) != (other is None)


def test_in_words():
    tokens = ["Ann", "Lee", "saw", "Rome"]
    assert Mistake(MISSED, LOC).describe(tokens) == "missed: LOC 'Rome'"
    wrong = Mistake(WRONG_TYPE, PER, Entity(0, 2, "ORG"))
    assert wrong.describe(tokens) == "wrong type: PER 'Ann Lee' read as ORG 'Ann Lee'"
    assert wrong.labels == ("ORG", "PER")


def test_a_page_holds_the_sentences_with_mistakes():
    gold = [Sentence(list("abcd"), entities=[PER], id=name) for name in ("x", "y", "z")]
    predicted = [
        gold[0],
        gold[1].replace(entities=[Entity(0, 2, "ORG", 0.5)]),
        gold[2].replace(entities=[]),
    ]
    reader = read(mistakes_page("All", gold, predicted))
    assert [t for t in reader.texts if t in ("1: x", "2: y", "3: z")] == ["2: y", "3: z"]
    marks = [a["data-marks"] for tag, a in reader.seen if tag == "article"]
    assert marks == ["1:0 1:1", "0:1"]  # missed, wrong type; ORG, PER
    assert "missed: PER 'a b'" in reader.texts


def test_a_page_without_mistakes():
    reader = read(mistakes_page("All", [Sentence(["a"])], [Sentence(["a"])]))
    assert "article" not in [tag for tag, _ in reader.seen]
