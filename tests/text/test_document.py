"""Documents: entities with their place in the text."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from synner_graph import SynNER
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.text.document import TextEntity, entities_of
from tests.data.segmentation.strategies import hostile_texts


@pytest.fixture(scope="module")
def ner(text_run: Path) -> SynNER:
    return SynNER.from_pretrained(text_run, backend="torch")


def test_characters_and_tokens_count_over_the_whole_text() -> None:
    text = " Jo  Li left. Del Río"
    first = Sentence(
        ["Jo", "Li", "left", "."],
        text="Jo  Li left.",
        offsets=[(0, 2), (4, 6), (7, 11), (11, 12)],
        entities=[Entity(0, 2, "PER", 0.25)],
    )
    second = Sentence(  # two words in the place of one
        ["De", "el", "Río"],
        text="Del Río",
        offsets=[(0, 3), (0, 3), (4, 7)],
        entities=[Entity(1, 3, "LOC", 0.5)],
    )
    assert list(entities_of(text, [Segment(1, first), Segment(14, second)])) == [
        TextEntity("Jo  Li", "PER", 1, 7, 0, 2, 0.25),
        TextEntity("Del Río", "LOC", 14, 21, 5, 7, 0.5),
    ]


@settings(max_examples=25)
@given(text=hostile_texts)
def test_offsets_slice_back_to_the_entity_in_any_text(ner: SynNER, text: str) -> None:
    doc = ner(text)
    assert doc.text == text
    tokens = [token for sentence in doc.sentences for token in sentence.tokens]
    assert "".join(tokens) == "".join(c for c in text if not c.isspace())
    for entity in doc.entities:
        assert text[entity.start_char : entity.end_char] == entity.text
        assert "".join(tokens[entity.start : entity.end]) == "".join(entity.text.split())
        assert 0 < entity.score <= 1
    assert doc.graph.num_nodes == len(tokens)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "x" * 50_000,
        "x " * 5_000,
        "\u200b" * 300,
        "😀" * 2000,
        "\ud800 Bob \udfff",
        "[SEP]",
    ],
    ids=lambda text: repr(text[:6]),
)
def test_extremes(ner: SynNER, text: str) -> None:
    doc = ner(text)
    assert all(text[e.start_char : e.end_char] == e.text for e in doc.entities)


def test_the_forms_of_a_document(ner: SynNER) -> None:
    doc = ner("Ann met Bob in Oslo and the UN in New York.")
    assert doc.entities
    entity = doc.entities[0]
    assert doc.to_json() == {"text": doc.text, "entities": [e.to_json() for e in doc.entities]}
    assert doc.to_transformers()[0] == {
        "entity_group": entity.label,
        "score": entity.score,
        "word": entity.text,
        "start": entity.start_char,
        "end": entity.end_char,
    }
