"""JSON spans: one object a line, with `tokens` and `entities`, which may be nested or cross.

    {"tokens": ["Jo", "Smith"], "entities": [{"start": 0, "end": 2, "type": "PER"}]}

Tokens count from 0 and `end` is the one after the last. An entity may have a `score`. Optional are
`heads` (from 0, -1 for a root), `relations`, `upos`, `xpos`, `id`, `text`, `offsets` (start and
end of each token in the text), `document`, the id of the document, and `candidates`: spans that a
model thinks may be entities, as `[start, end, type, probability]`. Other keys are not kept.
"""

import json
from collections.abc import Sequence
from typing import Any

from synner_graph.data.formats.json_objects import JsonLine, JsonObject
from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import Format, ReadOptions
from synner_graph.data.sentence import Entity, Sentence, SentenceError

OPTIONAL = ("heads", "relations", "upos", "xpos", "id", "text", "offsets", "document")


class JsonEntity(JsonObject):
    """An entity, as in the file."""

    start: int
    end: int
    type: str
    score: float | None = None


class JsonSentence(JsonObject):
    """A sentence, as in the file."""

    tokens: list[str]
    entities: list[JsonEntity]
    heads: list[int] | None = None
    relations: list[str] | None = None
    upos: list[str] | None = None
    xpos: list[str] | None = None
    id: str | None = None
    text: str | None = None
    offsets: list[tuple[int, int]] | None = None
    document: str | None = None
    candidates: list[tuple[int, int, str, float]] | None = None


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one line as a sentence."""
    line = JsonLine(*block[0], options.path)
    found = line.parse(JsonSentence)
    given = [(e.start, e.end, e.type, e.score) for e in found.entities]
    entities = _entities(given, "entities", len(found.tokens), line)
    candidates = None
    if found.candidates is not None:
        candidates = _entities(found.candidates, "candidates", len(found.tokens), line)
    parts = {name: getattr(found, name) for name in OPTIONAL}
    return line.sentence(
        options, tokens=found.tokens, entities=entities, candidates=candidates, **parts
    )


def _entities(
    given: Sequence[tuple[int, int, str, float | None]], key: str, tokens: int, line: JsonLine
) -> list[Entity]:
    """Build the entities of a key; what is wrong with one is noted with its place."""
    entities = []
    for number, parts in enumerate(given):
        try:
            entity = Entity(*parts)
            if entity.end > tokens:
                raise SentenceError(f"expected end <= {tokens} tokens, got {entity.end}")
            entities.append(entity)
        except SentenceError as error:
            line.refuse(f"{key}[{number}]: {error}")
    return entities


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as one line."""
    parts: dict[str, Any] = {name: getattr(sentence, name) for name in OPTIONAL}
    entities: list[dict[str, Any]] = []
    for entity in sentence.entities:
        entities.append({"start": entity.start, "end": entity.end, "type": entity.label})
        if entity.score is not None:
            entities[-1]["score"] = entity.score
    known = {name: part for name, part in parts.items() if part is not None}
    line = {"tokens": sentence.tokens, "entities": entities, **known}
    if sentence.candidates is not None:
        line["candidates"] = [[c.start, c.end, c.label, c.score] for c in sentence.candidates]
    return [json.dumps(line, ensure_ascii=False)]


FORMAT = Format(scheme="", read=read, write=write, by_line=True)
