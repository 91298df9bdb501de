"""The least score that an entity needs."""

from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.recogniser.thresholds import NO_THRESHOLDS, Thresholds


def test_a_threshold_of_a_label_stands_above_that_of_all() -> None:
    scores = [("PER", 0.7), ("PER", 0.8), ("LOC", 0.59), ("LOC", 0.6), ("ORG", 0.61)]
    entities = [Entity(i, i + 1, label, score) for i, (label, score) in enumerate(scores)]
    kept = Thresholds.parse(["0.6", "PER=0.8"]).keep(entities)
    assert [(e.label, e.score) for e in kept] == [("PER", 0.8), ("LOC", 0.6), ("ORG", 0.61)]
    assert Thresholds.parse(["PER=0.8", "0.6"]) == Thresholds(0.6, {"PER": 0.8})
    assert NO_THRESHOLDS.keep(entities) == entities
    assert Thresholds.parse([]) == NO_THRESHOLDS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["high"], "expected --min-score 0.6 or --min-score LABEL=0.6, got 'high'"),
        (["PER="], "got 'PER='"),
        (["=0.5"], "got '=0.5'"),
        (["nan"], "expected a score from 0 to 1, got nan"),
        (["1.5"], "expected a score from 0 to 1, got 1.5"),
        (["0.5", "0.6"], "expected one --min-score of all labels, got 2"),
        (["A=0.5", "A=0.6"], "expected one --min-score of the label 'A', got 2"),
    ],
)
def test_what_is_no_threshold_is_refused(given: list[str], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        Thresholds.parse(given)
    assert message in str(refusal.value)


def test_a_recogniser_leaves_out_what_scores_less(text_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(text_run, "torch")
    sentences = small_corpus.splits["test"]
    before = [s.entities for s in ner.predict(sentences)]
    scores = sorted(e.score or 0.0 for found in before for e in found)
    limit = scores[len(scores) // 2]
    ner.thresholds = Thresholds(limit)
    after = [s.entities for s in ner.predict(sentences)]
    assert after == [tuple(e for e in found if (e.score or 0) >= limit) for found in before]
    assert 0 < sum(map(len, after)) < len(scores)
    label = before[0][0].label
    ner.thresholds = Thresholds(0.0, {label: 1.0})
    assert {e.label for s in ner.predict(sentences) for e in s.entities} == {
        e.label for found in before for e in found
    } - {label}
    text = "Angela Merkel met Bob Smith in Oslo."
    assert label not in {e.label for e in ner(text).entities}
    with pytest.raises(InputError, match=r"Unknown label 'PRE'\. Did you mean 'PER'\?"):
        ner.thresholds = Thresholds(0.0, {"PRE": 0.5})
