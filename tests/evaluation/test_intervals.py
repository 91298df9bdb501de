"""Intervals of reports: those of `compare` on counts by document."""

import numpy as np
import pytest

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.analysis import MATCHING, NESTED, analyse
from synner_graph.evaluation.intervals import by_unit, unit_of, with_intervals
from synner_graph.evaluation.scores import score_entities, with_interval
from synner_graph.evaluation.significance import Estimate, compare
from tests.evaluation.test_comparison import by_document, corpus, system


def reported(gold: list[Sentence], found: list[tuple[Entity, ...]]):
    report = score_entities([s.entities for s in gold], found, "test")
    return with_intervals(report, gold)


def ends(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def test_they_are_over_documents_and_hold_the_scores() -> None:
    gold = corpus()
    found = system(gold, 0.7, 1)
    report = reported(gold, found)
    assert report.intervals is not None
    assert (report.intervals.unit, report.intervals.units) == ("documents", 40)
    (alone,) = compare([by_document(gold, found)]).f1
    assert ends(report.intervals.overall) == pytest.approx(ends(alone), abs=0.5)
    assert report.intervals.overall.value == pytest.approx(report.overall.f1)
    assert report.intervals.macro.value == pytest.approx(report.macro.f1)
    assert report.intervals.per_type.keys() == report.per_type.keys()
    for label, score in report.per_type.items():
        estimate = report.intervals.per_type[label]
        assert estimate.value == pytest.approx(score.f1)
        assert estimate.low < score.f1 < estimate.high


def test_sentences_without_documents_are_drawn_one_by_one() -> None:
    gold = [sentence.replace(document=None) for sentence in corpus()]
    found = system(gold, 0.7, 1)
    intervals = reported(gold, found).intervals
    assert intervals is not None
    assert (intervals.unit, intervals.units) == ("sentences", len(gold))
    assert (unit_of(gold), unit_of(corpus())) == ("sentences", "documents")


def test_dependent_sentences_make_a_wider_interval() -> None:
    """A document that is repeated sentence by sentence says no more than one sentence of it."""
    once = [sentence.replace(document=str(i)) for i, sentence in enumerate(corpus(60))]
    gold = [sentence for sentence in once for _ in range(9)]
    found = [entities for entities in system(once, 0.7, 1) for _ in range(9)]
    whole = reported(gold, found).intervals
    apart = reported([s.replace(document=None) for s in gold], found).intervals
    assert whole is not None and apart is not None
    assert whole.overall.error == pytest.approx(3 * apart.overall.error, rel=0.1)


def test_json_has_them_beside_each_f1_and_metrics_do_not() -> None:
    gold = corpus()
    report = reported(gold, system(gold, 0.7, 1))
    found = report.signed_json()
    assert found["resampled"] == {"unit": "documents", "units": 40}
    for part in (found["overall"], found["macro"], *found["per_type"].values()):
        assert part["f1_interval"]["low"] <= part["f1"] <= part["f1_interval"]["high"]
    assert "f1_interval" not in report.to_json()["overall"]


def test_every_other_f1_of_an_analysis_has_one() -> None:
    gold = [
        sentence.replace(entities=(*sentence.entities, Entity(4, 5, "ORG")))
        for sentence in corpus()
    ]
    found = system(gold, 0.7, 1)
    analysed = analyse("a", gold, found, score_entities([s.entities for s in gold], found, "test"))
    assert analysed.report.intervals is not None
    scores = {(MATCHING, name): part.f1 for name, part in analysed.matchings.items()}
    scores |= {(NESTED, name): part.f1 for name, part in analysed.nested.items()}
    for family, buckets in analysed.buckets.items():
        scores |= {(family, name): score.f1 for name, score in buckets.items()}
    assert {family for family, _ in scores} > {MATCHING, NESTED, "entity length"}
    assert {key: e.value for key, e in analysed.intervals.items()} == pytest.approx(scores)


def test_counts_by_label_and_unit() -> None:
    gold = [[Entity(0, 1, "PER")], [Entity(0, 1, "LOC"), Entity(2, 3, "PER")], []]
    found = [[Entity(0, 1, "PER")], [Entity(0, 1, "PER")], [Entity(0, 1, "ORG")]]
    report = score_entities(gold, found, "test")
    counts = zip(report.per_type, report.counts, strict=True)
    assert {label: by_unit(rows, [2, 1]).tolist() for label, rows in counts} == {
        "LOC": [[1, 0, 0], [0, 0, 0]],
        "ORG": [[0, 0, 0], [0, 1, 0]],
        "PER": [[2, 2, 1], [0, 0, 0]],
    }
    assert by_unit(np.zeros((0, 3)), []).shape == (0, 3)


def test_without_sentences_or_entities_there_is_nothing_to_move() -> None:
    for gold in ([], [Sentence(("Hm", "."))] * 3):
        intervals = reported(gold, [()] * len(gold)).intervals
        assert intervals is not None and intervals.per_type == {}
        assert ends(intervals.overall) == ends(intervals.macro) == (0, 0, 0)


def test_as_it_is_written() -> None:
    assert with_interval(82.618, Estimate(82.618, 1.7, 315, 79.27, 85.98)) == "82.62 (79.3-86.0)"
    assert with_interval(82.618, None) == "82.62"
