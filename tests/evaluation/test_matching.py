"""Exact, partial and type-only matching against nervaluate, nested entities too."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.matching import MATCHINGS, Matching, match_entities
from tests.strategies import flat_entities, nested_entities

LABELS = ("PER", "LOC", "ORG")
THEIRS = {"exact": "exact", "partial": "partial", "type": "ent_type"}
COUNTS = ("correct", "incorrect", "partial", "missed", "spurious")


@st.composite
def sides(draw: st.DrawFn) -> tuple[list[list[Entity]], list[list[Entity]]]:
    """Gold and predicted entities of some sentences, both flat or both nested."""
    some = draw(st.sampled_from([flat_entities, nested_entities]))
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    return tuple([sorted(set(draw(some(n, LABELS)))) for n in lengths] for _ in range(2))


def as_dicts(side: list[list[Entity]]) -> list[list[dict[str, object]]]:
    """The entities as nervaluate reads them; its ends are inclusive."""
    return [[{"label": e.label, "start": e.start, "end": e.end - 1} for e in row] for row in side]


@settings(max_examples=300)
@given(sides(), st.sampled_from(MATCHINGS))
def test_counts_and_rates_equal_those_of_nervaluate(sides, matching):
    theirs = Evaluator(*map(as_dicts, sides), tags=list(LABELS), loader="dict").evaluate()
    wanted, ours = theirs["overall"][THEIRS[matching]], match_entities(*sides, matching)
    assert [getattr(ours, n) for n in COUNTS] == [getattr(wanted, n) for n in COUNTS]
    rates = [100 * rate for rate in (wanted.precision, wanted.recall, wanted.f1)]
    assert [ours.precision, ours.recall, ours.f1] == pytest.approx(rates)


@pytest.mark.parametrize(
    ("matching", "expected"),
    [
        ("exact", Matching(correct=2, incorrect=1, missed=1, spurious=1)),
        ("partial", Matching(correct=2, partial=1, missed=1, spurious=1)),
        ("type", Matching(correct=2, incorrect=1, missed=1, spurious=1)),
    ],
)
def test_what_each_matching_counts(matching, expected):
    gold = [Entity(0, 2, "PER"), Entity(3, 5, "LOC"), Entity(6, 7, "ORG"), Entity(8, 9, "ORG")]
    found = [Entity(0, 2, "PER"), Entity(4, 6, "LOC"), Entity(6, 7, "PER"), Entity(10, 11, "PER")]
    counted = match_entities([gold], [found], matching)
    assert counted == expected
    assert counted.to_json()["recall"] == {"exact": 50, "partial": 62.5, "type": 50}[matching]


def test_of_several_gold_entities_of_the_type_the_nearest_is_taken():
    gold = [[Entity(0, 3, "LOC"), Entity(3, 6, "LOC")]]
    found = [[Entity(1, 6, "LOC"), Entity(2, 3, "LOC")]]
    assert match_entities(gold, found, "type") == Matching(correct=2)


def test_one_token_of_a_very_long_entity_is_no_overlap():
    gold, found = [[Entity(0, 200, "LOC")]], [[Entity(199, 201, "LOC")]]
    assert match_entities(gold, found, "type") == Matching(missed=1, spurious=1)
    found = [[Entity(198, 201, "LOC")]]
    assert match_entities(gold, found, "type") == Matching(correct=1)


def test_as_many_predictions_as_sentences_are_needed():
    with pytest.raises(ValueError, match="shorter"):
        match_entities([[], []], [[]], "exact")
