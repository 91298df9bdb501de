"""JSON spans: one object a line, with `tokens` and `entities`, which may be nested or cross.

    {"tokens": ["Jo", "Smith"], "entities": [{"start": 0, "end": 2, "type": "PER"}]}

Tokens count from 0 and `end` is the one after the last. An entity may have a `score`. Optional are
`heads` (from 0, -1 for a root), `relations`, `upos`, `xpos`, `id`, `text`, `offsets` (start and
end of each token in the text) and `document`, the id of the document. Other keys are not kept.
"""

import json
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


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one line as a sentence."""
    line = JsonLine(*block[0], options.path)
    found = line.parse(JsonSentence)
    entities = []
    for number, entity in enumerate(found.entities):
        try:
            made = Entity(entity.start, entity.end, entity.type, entity.score)
            if made.end > len(found.tokens):
                raise SentenceError(f"expected end <= {len(found.tokens)} tokens, got {made.end}")
            entities.append(made)
        except SentenceError as error:
            line.refuse(f"entities[{number}]: {error}")
    parts = {name: getattr(found, name) for name in OPTIONAL}
    return line.sentence(options, tokens=found.tokens, entities=entities, **parts)


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
    return [json.dumps(line, ensure_ascii=False)]


FORMAT = Format(scheme="", read=read, write=write, by_line=True)
