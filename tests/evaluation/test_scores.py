"""Scores against seqeval's strict mode and conlleval, and what the counts mean."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.v1 import precision_recall_fscore_support
from seqeval.scheme import IOB2, IOBES

from synner_graph.data.schemes import tags_to_entities
from synner_graph.data.sentence import Entity
from synner_graph.evaluation.scores import Rates, Report, Score, score_entities
from tests.strategies import flat_entities

SEQEVAL = {"bio": IOB2, "bioes": IOBES}
# seqeval cuts a label at its first hyphen, so none has one here.
LABELS = ("PER", "LOC", "ORG")
Pairs = list[tuple[int, list[Entity], list[Entity]]]


@st.composite
def pairs_of_annotations(draw: st.DrawFn) -> Pairs:
    """Sentence lengths with gold and predicted entities that often agree."""
    found: Pairs = []
    for length in draw(st.lists(st.integers(1, 8), min_size=1, max_size=5)):
        gold = draw(flat_entities(length, LABELS))
        kept = draw(st.lists(st.sampled_from(gold), unique=True)) if gold else []
        other = draw(flat_entities(length, LABELS))
        predicted = kept if draw(st.booleans()) else other
        found.append((length, gold, predicted))
    return found


def tags(entities: list[Entity], length: int, scheme: str) -> list[str]:
    row = ["O"] * length
    for entity in entities:
        for position in range(entity.start, entity.end):
            first, last = position == entity.start, position == entity.end - 1
            letter = "B" if first else "I"
            if scheme == "bioes" and last:
                letter = "S" if first else "E"
            row[position] = f"{letter}-{entity.label}"
    return row


@settings(max_examples=100)
@given(pairs_of_annotations(), st.sampled_from(["bio", "bioes"]))
def test_scores_equal_those_of_seqeval(pairs: Pairs, scheme: str) -> None:
    gold = [tags(entities, length, scheme) for length, entities, _ in pairs]
    predicted = [tags(entities, length, scheme) for length, _, entities in pairs]
    options = {"scheme": SEQEVAL[scheme], "zero_division": 0}
    report = score_entities(
        [wanted for _, wanted, _ in pairs], [found for *_, found in pairs], "dev"
    )
    labels = sorted({e.label for _, wanted, found in pairs for e in (*wanted, *found)})
    assert list(report.per_type) == labels

    *micro, _ = precision_recall_fscore_support(gold, predicted, average="micro", **options)
    overall = report.overall
    assert [overall.precision, overall.recall, overall.f1] == pytest.approx(
        [100 * rate for rate in micro]
    )
    if labels:
        *macro, _ = precision_recall_fscore_support(gold, predicted, average="macro", **options)
        assert list(report.macro.to_json().values()) == pytest.approx(
            [100 * rate for rate in macro]
        )
        by_label = precision_recall_fscore_support(gold, predicted, average=None, **options)
        for label, *rates, support in zip(labels, *by_label, strict=True):
            score = report.per_type[label]
            assert [score.precision, score.recall, score.f1] == pytest.approx(
                [100 * rate for rate in rates]
            )
            assert score.gold == support


def conlleval(gold: list[list[str]], predicted: list[list[str]]) -> tuple[int, int, int]:
    """Gold, predicted and correct chunks by the rules of the CoNLL-2000 script.

    A chunk starts at a B, and at an I that comes after O or after another type. It ends before
    such a tag and before O. It is correct when both sides start and end theirs at the same tokens
    and have one type throughout.
    """

    def borders(row: list[str]) -> list[tuple[str, bool, bool]]:
        found, before = [], "O"
        for tag in [*row, "O"]:
            starts = tag[0] == "B" or (tag[0] == "I" and tag[2:] != before[2:])
            ends = before != "O" and (starts or tag == "O")
            found.append((tag[2:], starts, ends))
            before = tag
        return found

    totals = [0, 0, 0]
    for rows in zip(gold, predicted, strict=True):
        both_open = False
        for one, other in zip(*map(borders, rows), strict=True):
            if both_open and (one[2] or other[2]):
                totals[2] += one[2] and other[2]
                both_open = False
            if one[1] and other[1] and one[0] == other[0]:
                both_open = True
            totals[0] += one[1]
            totals[1] += other[1]
    return tuple(totals)


TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
ROWS = st.integers(1, 7).flatmap(lambda n: st.tuples(*[st.lists(TAGS, min_size=n, max_size=n)] * 2))


@given(st.lists(ROWS, min_size=1, max_size=4), st.sampled_from(["bio", "iob1"]))
def test_repaired_tags_are_scored_as_by_conlleval(rows, scheme) -> None:
    gold, predicted = map(list, zip(*rows, strict=True))
    spans = [
        [tags_to_entities(row, scheme, repair=True)[0] for row in side]
        for side in (gold, predicted)
    ]
    assert score_entities(*spans, "dev").overall == Score(*conlleval(gold, predicted))


def test_rates_of_the_chunking_task() -> None:
    """The example output in the description of conlleval, CoNLL-2000 shared task."""
    score = Score(gold=459, predicted=539, correct=371)
    rates = [f"{rate:.2f}" for rate in (score.precision, score.recall, score.f1)]
    assert rates == ["68.83", "80.83", "74.35"]


def test_an_entity_counts_when_boundaries_and_label_are_right() -> None:
    gold = [[Entity(0, 2, "PER"), Entity(3, 4, "LOC")], [Entity(0, 1, "LOC")], []]
    predicted = [
        [Entity(0, 2, "PER"), Entity(3, 5, "LOC")],  # one end is wrong
        [Entity(0, 1, "PER")],  # the label is wrong
        [Entity(0, 1, "LOC")],  # nothing is there
    ]
    report = score_entities(gold, predicted, "test")
    assert report.overall == Score(gold=3, predicted=4, correct=1)
    assert report.per_type == {
        "LOC": Score(gold=2, predicted=2, correct=0),
        "PER": Score(gold=1, predicted=2, correct=1),
    }
    assert report.overall.precision == 25
    assert report.overall.recall == pytest.approx(100 / 3)
    assert report.overall.f1 == pytest.approx(200 / 7)


def test_the_same_span_in_another_sentence_is_another_entity() -> None:
    report = score_entities([[Entity(0, 1, "LOC")], []], [[], [Entity(0, 1, "LOC")]], "dev")
    assert report.overall == Score(gold=1, predicted=1, correct=0)


def test_confidences_are_not_compared() -> None:
    report = score_entities([[Entity(0, 1, "LOC")]], [[Entity(0, 1, "LOC", score=0.3)]], "dev")
    assert report.overall == Score(gold=1, predicted=1, correct=1)


def test_nested_entities_all_count() -> None:
    gold = [[Entity(0, 3, "ORG"), Entity(2, 3, "LOC"), Entity(0, 3, "LOC")]]
    assert score_entities(gold, gold, "dev").overall == Score(gold=3, predicted=3, correct=3)


def test_rates_of_nothing_are_zero() -> None:
    for score in (Score(0, 0, 0), Score(2, 0, 0), Score(0, 2, 0)):
        assert (score.precision, score.recall, score.f1) == (0, 0, 0)
    nothing = score_entities([], [], "dev")
    assert nothing == Report("dev", Score(0, 0, 0), {})
    assert nothing.macro == Rates(0, 0, 0)


def test_as_many_predictions_as_sentences_are_needed() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score_entities([[], []], [[]], "dev")


def test_reports_become_json() -> None:
    entities = [[Entity(0, 1, "LOC")]]
    report = score_entities(entities, iter(entities), "test")
    rates = dict.fromkeys(["precision", "recall", "f1"], 100.0)
    expected = {
        **rates,
        **dict.fromkeys(["gold", "predicted", "correct"], 1),
    }
    assert json.loads(json.dumps(report.to_json())) == {
        "split": "test",
        "overall": expected,
        "macro": rates,
        "per_type": {"LOC": expected},
    }


@given(pairs_of_annotations())
def test_the_counts_of_the_sentences_add_up(pairs: Pairs) -> None:
    report = score_entities([gold for _, gold, _ in pairs], [found for _, _, found in pairs], "dev")
    assert report.by_sentence.tolist() == [
        [len(gold), len(found), len(set(gold) & set(found))] for _, gold, found in pairs
    ]
    assert Score(*report.by_sentence.sum(0).tolist()) == report.overall
    for score, counts in zip(report.per_type.values(), report.counts, strict=True):
        assert Score(*counts.sum(0).tolist()) == score
