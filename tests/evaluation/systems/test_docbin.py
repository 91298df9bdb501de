"""Systems in spaCy's DocBin."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.systems import read_system, sentences_of

spacy = pytest.importorskip("spacy")

GOLD = (Sentence(("Ann", "Lee", "met", "Bo")), Sentence(("Oslo", "!")))
FOUND = ((Entity(0, 2, "PER"), Entity(3, 4, "PER")), (Entity(0, 1, "LOC"),))
Row = tuple[Sequence[str], Sequence[tuple[int, int, str]], Sequence[int]]
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save Docs of words, entities and, where they are known, first tokens of sentences."""

    def save(*rows: Row) -> Path:
        vocab = spacy.blank("xx").vocab
        docs: list[Any] = []
        for words, entities, starts in rows:
            marks = [i in starts for i in range(len(words))] if starts else None
            doc = spacy.tokens.Doc(vocab, words=list(words), sent_starts=marks)
            doc.ents = [spacy.tokens.Span(doc, *entity) for entity in entities]
            docs.append(doc)
        path = tmp_path / "named.spacy"
        spacy.tokens.DocBin(docs=docs).to_disk(path)
        return path

    return save


PEOPLE = [(0, 2, "PER"), (3, 4, "PER")]
SINGLE = (
    (["Ann", "Lee", "met", "Bo"], PEOPLE, ()),
    (["Oslo", "!"], [(0, 1, "LOC")], ()),
)
WHOLE = (["Ann", "Lee", "met", "Bo", "\n", "Oslo", "!"], [*PEOPLE, (5, 6, "LOC")], (0, 4))


@pytest.mark.parametrize("rows", [SINGLE, (WHOLE,)], ids=["sentences", "document"])
def test_entities_are_those_of_the_docs(save: Save, rows: tuple[Row, ...]) -> None:
    path = save(*rows)
    assert read_system(path, GOLD).entities == FOUND
    alone = sentences_of(path) or []
    assert [s.tokens for s in alone] == [s.tokens for s in GOLD]
    assert [s.entities for s in alone] == list(FOUND)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        read_system(path, GOLD)
    return str(error.value).removeprefix(str(path))


def test_the_first_difference_is_named(save: Save) -> None:
    first, second = SINGLE
    assert refusal(save(first, (["Osl", "o!"], [], ()))) == (
        ": Doc 2, token 1: expected token 1 of sentence 2 to be 'Oslo', got 'Osl'"
    )
    assert refusal(save(first)) == (
        ": expected 2 sentences, got 1: the file ends before sentence 2, 'Oslo !'"
    )
    assert refusal(save(first, (["Oslo"], [], ()))) == (
        ": expected token 2 of sentence 2 to be '!', got the end of the sentence"
    )
    assert refusal(save(first, second, (["more"], [], ()))) == (
        ": Doc 3: expected 2 sentences, got another one: 'more'"
    )


def test_an_entity_is_in_one_sentence(save: Save) -> None:
    path = save((["Ann", "Lee", "met", "Bo", "Oslo", "!"], [(3, 5, "PER")], ()))
    assert refusal(path) == ": Doc 1: expected an entity inside one sentence, got PER 'Bo Oslo'"


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "named.spacy"
    assert "cannot read" in refusal(path)
    for content in (b"", b"hello", b"x\x9c\x03\x00\x00\x00\x00\x01"):
        path.write_bytes(content)
        assert refusal(path) == ": expected a DocBin of spaCy, got something else"
