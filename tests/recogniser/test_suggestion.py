"""Which texts are worth annotating next."""

import math
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.recogniser.suggestion import Reading, most_useful
from synner_graph.text.sources import Record

WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"]
WORDS += ["india", "juliet", "kilo", "lima"]


def reading(number: int, confidence: float, *labels: str, text: str | None = None) -> Reading:
    text = text or " ".join(WORDS[number : number + 3])
    tokens = text.split()
    entities = [Entity(i, i + 1, label) for i, label in enumerate(labels)]
    segment = Segment(0, Sentence(tokens, entities=entities))
    return Reading(Record(text, {}), [segment], confidence)


def confidences(readings: list[Reading]) -> list[float]:
    return [reading.confidence for reading in readings]


def test_types_take_turns() -> None:
    rows = [
        reading(0, 0.1, "PER"),
        reading(3, 0.2, "PER"),
        reading(6, 0.9, "LOC"),
        reading(9, 0.8),
    ]
    assert confidences(most_useful(rows, 3)[0]) == [0.8, 0.9, 0.1]  # none, LOC, PER
    assert confidences(most_useful(rows, 9)[0]) == [0.8, 0.9, 0.1, 0.2]
    assert most_useful(rows, 0)[0] == most_useful([], 5)[0] == []
    # A text of two types is taken once, and each type goes on with its next one.
    both = [reading(0, 0.1, "PER", "LOC"), reading(3, 0.2, "PER"), reading(6, 0.3, "LOC")]
    assert confidences(most_useful(both, 9)[0]) == [0.1, 0.2, 0.3]


def test_near_doubles_are_passed_over() -> None:
    rows = [
        reading(0, 0.1, text="Rain in Oslo on 3 May, then sun."),
        reading(0, 0.2, text="rain in  Oslo on 9 May, then sun."),
        reading(0, 0.3, text="Nothing like that was said at all."),
        reading(0, 0.4, text="a"),
        reading(0, 0.5, text="A"),
    ]
    chosen, doubles = most_useful(rows, 9)
    assert (confidences(chosen), doubles) == ([0.1, 0.3, 0.4], 2)


def test_confidence_is_a_mean_over_tokens() -> None:
    segments = [Segment(0, Sentence(["a"])), Segment(2, Sentence(["b", "c", "d"]))]
    found = Reading.of(Record("a b c d", {}), segments, [math.log(0.5), math.log(0.25)])
    assert found.confidence == pytest.approx(0.125 ** (1 / 4))


@pytest.mark.parametrize("batch_size", [1, 5])
def test_scored_gives_what_predict_gives(
    trained_run: Path, small_corpus: Corpus, batch_size: int
) -> None:
    ner = SynNER.from_pretrained(trained_run)
    rows = small_corpus.splits["test"]
    found = list(ner.scored(rows, batch_size, window=2))
    assert [sentence.entities for sentence, _ in found] == [s.entities for s in ner.predict(rows)]
    alone = [likely for row in rows for _, likely in ner.scored([row])]
    torch.testing.assert_close([likely for _, likely in found], alone, atol=1e-4, rtol=1e-4)
    assert all(likely <= 1e-9 for likely in alone)
