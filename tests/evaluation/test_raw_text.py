"""Entities in raw text against gold ones."""

from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.raw_text import evaluate_raw
from synner_graph.text.document import Doc


def sentence(text: str, *entities: Entity) -> Sentence:
    offsets, end = [], 0
    for word in text.split():
        start = text.index(word, end)
        end = start + len(word)
        offsets.append((start, end))
    return Sentence(text.split(), text=text, offsets=offsets, entities=entities)


def test_characters_and_label_decide() -> None:
    gold = [
        sentence("Jo Li left Oslo", Entity(0, 2, "PER"), Entity(3, 4, "LOC")),
        sentence("the UN", Entity(1, 2, "ORG")),
        sentence("nothing"),
    ]
    # Other tokens: "Jo Li" is one; the second text is two sentences.
    joined = Sentence(
        ["Jo Li", "left", "Oslo"],
        text=gold[0].text,
        offsets=[(0, 5), (6, 10), (11, 15)],
        entities=[Entity(0, 1, "PER"), Entity(2, 3, "ORG")],
    )
    the, un = (sentence(word, Entity(0, 1, "ORG")) for word in ("the", "UN"))
    found = [[Segment(0, joined)], [Segment(0, the), Segment(4, un)], []]

    def pipe(texts):
        for text, segments in zip(texts, found, strict=True):
            yield Doc(text, tuple(segments), lambda sentences: None)

    report = evaluate_raw(pipe, gold, "test").sentences
    assert (report.overall.gold, report.overall.predicted, report.overall.correct) == (3, 4, 2)
    assert report.per_type["PER"].f1 == 100


def test_gold_tokens_read_anew_score_as_they_did(text_run: Path) -> None:
    gold = [sentence("Ann met Bob in Oslo"), sentence("The UN left New York")]
    ner = SynNER.from_pretrained(text_run)
    gold = ner.predict(gold)
    assert sum(len(s.entities) for s in gold) > 0
    assert evaluate_raw(ner.pipe, gold, "test").sentences.overall.f1 == 100


def test_a_sentence_without_text_is_refused() -> None:
    with pytest.raises(InputError, match="Sentence 2 of the dev split has no text in which"):
        evaluate_raw(lambda texts: iter(()), [sentence("a"), Sentence(["b"])], "dev")


def test_documents_are_given_whole() -> None:
    gold = [
        sentence("Jo left", Entity(0, 1, "PER")).replace(document="a"),
        sentence("Mo met Jo", Entity(0, 1, "PER"), Entity(2, 3, "PER")).replace(document="a"),
        sentence("Jo", Entity(0, 1, "PER")),
    ]
    given = []

    def pipe(texts):
        for text in texts:
            given.append(text)
            words = sentence(text)
            at = [i for i, word in enumerate(words.tokens) if word == "Jo"]
            named = words.replace(entities=[Entity(i, i + 1, "PER") for i in at])
            yield Doc(text, (Segment(0, named),), lambda sentences: None)

    report = evaluate_raw(pipe, gold, "test")
    assert given == ["Jo left Mo met Jo", "Jo", "Jo left", "Mo met Jo", "Jo"]
    for part in (report.documents, report.sentences):
        assert (part.overall.gold, part.overall.predicted, part.overall.correct) == (4, 3, 3)
    assert report.to_json()["documents"]["overall"]["recall"] == 75
