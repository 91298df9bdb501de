import io

import pytest
from hypothesis import given

from synner_graph.data.formats import FormatError, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from tests.strategies import sentences

TEXT = "the\tO\nconstitution\tMISC-law\nof\tMISC-law\nGalicia\tlocation-GPE\n\n"


def read(text: str) -> list[Sentence]:
    return list(read_sentences(io.StringIO(text), "fewnerd"))


def written(*examples: Sentence) -> str:
    stream = io.StringIO()
    write_sentences(stream, examples, "fewnerd")
    return stream.getvalue()


def test_neighbours_of_one_label_are_one_entity():
    [sentence] = read(TEXT)
    assert sentence.entities == (Entity(1, 3, "MISC-law"), Entity(3, 4, "location-GPE"))
    assert written(sentence) == TEXT


def continues(entity: Entity, entities: tuple[Entity, ...]) -> bool:
    return any(e.end == entity.start and e.label == entity.label for e in entities)


@given(sentences(labels=("PER", "I-PER", "产品")))
def test_round_trip_without_such_neighbours(sentence):
    kept = tuple(e for e in sentence.entities if not continues(e, sentence.entities))
    expected = Sentence(sentence.tokens, entities=kept)
    assert read(written(expected)) == [expected]
    if kept != sentence.entities:
        with pytest.raises(InputError, match="side by side, which would read as one, got tokens"):
            written(sentence)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O\n", r"1: expected 2 columns \(TOKEN LABEL\), got 1"),
        ("a\tO\nb\tO\tO\n", r"2: expected 2 columns \(TOKEN LABEL\), got 3"),
        ("a\tO\nb\t\n", "2: expected a label or O, got nothing"),
        ("\tO\n", "1: expected no empty tokens, got one at 1"),
    ],
)
def test_bad_lines(text, message):
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text)


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([Entity(0, 1, "X"), Entity(1, 2, "X")], "no two X side by side.*tokens 1-1 and 2-2"),
        ([Entity(0, 1, "O")], "expected no label O"),
        ([Entity(0, 2, "X"), Entity(1, 2, "Y")], "expected entities that share no token"),
    ],
)
def test_what_cannot_be_written(entities, message):
    with pytest.raises(InputError, match=f"^<stream>: sentence 1: .*{message}"):
        written(Sentence(["a", "b"], entities=entities))
