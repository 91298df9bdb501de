"""Systems in spaCy's DocBin: the entities in `doc.ents`.

The Docs may hold one sentence each or several, whole documents for example: their tokens are read
one after the other and cut where the sentences end. Tokens of white space are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.systems.alignment import (
    extra_sentence,
    missing_sentence,
    token_difference,
)
from synner_graph.evaluation.systems.system import System, SystemOptions

Place = tuple[int, int]
"""A sentence, and a token in it."""


def read(path: str, sentences: Sequence[Sentence], options: SystemOptions) -> System:
    """See `read_system`."""
    found: list[list[Entity]] = [[] for _ in sentences]
    number = used = 0  # the sentence that is being read, and how many of its tokens have been
    for where, doc in _docs(path):
        places: dict[int, Place] = {}
        for token in doc:
            expected = sentences[number].tokens if number < len(sentences) else ("",)
            if token.is_space and token.text != expected[used]:
                continue
            if number == len(sentences):
                raise InputError(f"{where}: {extra_sentence(sentences, [token.text])}")
            if token.text != expected[used]:
                got = (*expected[:used], token.text)
                difference = token_difference(number + 1, expected, got)
                raise InputError(f"{where}, token {token.i + 1}: {difference}")
            places[token.i] = number, used
            used += 1
            if used == len(expected):
                number, used = number + 1, 0
        for sentence, entity in _entities(where, doc, places):
            found[sentence].append(entity)
    if used:
        got = sentences[number].tokens[:used]
        raise InputError(f"{path}: {token_difference(number + 1, sentences[number].tokens, got)}")
    if number < len(sentences):
        raise InputError(f"{path}: {missing_sentence(sentences, number)}")
    return System(path, tuple(tuple(sorted(entities)) for entities in found))


def sentences(path: str) -> list[Sentence]:
    """Read the sentences of a DocBin; a Doc without sentences is one.

    Raises:
        InputError: The file cannot be read, or an entity goes beyond its sentence.
    """
    found: list[Sentence] = []
    for where, doc in _docs(path):
        parts = doc.sents if doc.has_annotation("SENT_START") else [doc[:]]
        rows = [[token for token in part if not token.is_space] for part in parts]
        rows = [row for row in rows if row]
        places = {token.i: (n, i) for n, row in enumerate(rows) for i, token in enumerate(row)}
        entities: list[list[Entity]] = [[] for _ in rows]
        for number, entity in _entities(where, doc, places):
            entities[number].append(entity)
        for row, named in zip(rows, entities, strict=True):
            found.append(Sentence(tuple(token.text for token in row), entities=tuple(named)))
    if not found:
        raise InputError(f"{path}: expected at least one sentence, got none")
    return found


def _docs(path: str) -> Iterator[tuple[str, Any]]:
    """Yield the Docs of a file, each with its name for errors."""
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError as error:
        raise InputError(f"{path} needs spaCy: pip install 'synner-graph[parse]'.") from error
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    try:
        docs = list(DocBin().from_bytes(content).get_docs(spacy.blank("xx").vocab))
    except (ValueError, TypeError, LookupError) as error:  # spaCy checks the first bytes only
        raise InputError(f"{path}: expected a DocBin of spaCy, got something else") from error
    for number, doc in enumerate(docs, 1):
        yield f"{path}: Doc {number}", doc


def _entities(where: str, doc: Any, places: Mapping[int, Place]) -> Iterator[tuple[int, Entity]]:
    """Yield the entities of a Doc, each with its sentence."""
    for span in doc.ents:
        inside = [places[token.i] for token in span if token.i in places]
        if len({sentence for sentence, _ in inside}) != 1:
            raise InputError(
                f"{where}: expected an entity inside one sentence, got {span.label_} {span.text!r}"
            )
        if not span.label_:
            raise InputError(f"{where}: expected a label for the entity {span.text!r}, got none")
        (sentence, start), (_, last) = inside[0], inside[-1]
        yield sentence, Entity(start, last + 1, str(span.label_))
