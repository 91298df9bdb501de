"""CLUENER: one JSON object a line, with a text and, by label and mention, places in it.

    {"text": "北京的雨", "label": {"address": {"北京": [[0, 1]]}}}

Places count characters from 0 and include the last one. The tokens are the characters of the text
but for white space; an entity may not begin or end with that. A line without `label`, as in the
test split of the release, has no entities. A sentence can be written if its text is known or its
tokens are single characters; trees and words are not kept.
"""

import json

from pydantic import Field

from synner_graph.data.formats.json_objects import JsonLine, JsonObject
from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import Format, ReadOptions
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError


class JsonText(JsonObject):
    """A sentence, as in the file."""

    text: str
    label: dict[str, dict[str, list[tuple[int, int]]]] = Field(default_factory=dict)
    id: int | str | None = None


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one line as a sentence of characters."""
    line = JsonLine(*block[0], options.path)
    found = line.parse(JsonText)
    text = found.text
    places = [place for place, character in enumerate(text) if not character.isspace()]
    token_at = {place: token for token, place in enumerate(places)}
    entities = []
    for label, mentions in found.label.items():
        for mention, spans in mentions.items():
            for start, last in spans:
                where = f"{label} {mention!r} at [{start}, {last}]"
                there = text[start : last + 1] if 0 <= start <= last < len(text) else ""
                if not label:
                    line.refuse(f"expected a label for {mention!r}, got none")
                elif not there or there != mention:
                    line.refuse(f"expected {where}, got {there!r} there")
                elif start not in token_at or last not in token_at:
                    line.refuse(f"expected no white space at either end of {where}")
                else:
                    entities.append(Entity(token_at[start], token_at[last] + 1, label))
    return line.sentence(
        options,
        tokens=[text[place] for place in places],
        entities=entities,
        id=None if found.id is None else str(found.id),
        text=text,
        offsets=[(place, place + 1) for place in places],
    )


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as one line."""
    text, offsets = sentence.text, sentence.offsets or ()
    if text is None or not offsets:
        wide = [token for token in sentence.tokens if len(token) > 1 or token.isspace()]
        if wide:
            message = "expected the source text, or tokens of one character, as words would run"
            raise InputError(f"{message} together, got the token {wide[0]!r}")
        text = "".join(sentence.tokens)
        offsets = tuple((i, i + 1) for i in range(len(sentence)))
    label: dict[str, dict[str, list[list[int]]]] = {}
    for entity in sentence.entities:
        start, end = offsets[entity.start][0], offsets[entity.end - 1][1]
        spans = label.setdefault(entity.label, {}).setdefault(text[start:end], [])
        if [start, end - 1] in spans:
            raise InputError(f"expected one {entity.label} at {text[start:end]!r}, got two")
        spans.append([start, end - 1])
    identifier = {} if sentence.id is None else {"id": sentence.id}
    return [json.dumps({"text": text, "label": label, **identifier}, ensure_ascii=False)]


FORMAT = Format(scheme="", read=read, write=write, by_line=True)
