"""doccano's JSON lines: a text, and its entities by character.

    {"id": 7, "text": "Jo Smith spoke.", "label": [[0, 8, "PER"]]}

Characters count from 0, as Unicode has them, and an entity ends before its second number. Exports
with relations have `entities`, objects with `start_offset`, `end_offset` and `label`, in place of
`label`; old ones call it `labels`. The project's tokenizer makes tokens and sentences of a text.
Other fields are counted and not kept.
"""

import json
import re
from collections.abc import Iterator, Mapping

from synner_graph.data.formats.characters import sentences_of
from synner_graph.data.formats.json_objects import JsonLine, JsonObject
from synner_graph.data.formats.lines import Stream, read_blocks
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.formats.whole import Document, DocumentFormat, DocumentWriter, Record, Span
from synner_graph.data.sentence import Sentence
from synner_graph.data.unicode import escaped

ENTITIES = ("label", "labels", "entities")
BOOKKEEPING = ("Comments", "relations", "meta", "annotation_approver")
"""Fields that every export has; they are lost only where something is in them."""


class JsonMark(JsonObject):
    """An entity of an export with relations."""

    start_offset: int
    end_offset: int
    label: str


class JsonRecord(JsonObject):
    """A text, as in the file."""

    text: str
    id: int | str | None = None
    label: list[tuple[int, int, str]] | None = None
    labels: list[tuple[int, int, str]] | None = None
    entities: list[JsonMark] | None = None


def records(source: Stream) -> Iterator[Record]:
    """Cut a file into its lines."""
    for number, ((line, text),) in enumerate(read_blocks(source, by_line=True), 1):
        yield Record(line, number, text)


def read(record: Record, options: ReadOptions) -> list[Sentence]:
    """Read one line as the sentences of a document."""
    line = JsonLine(record.line, record.content, options.path)
    found = line.parse(JsonRecord)
    given = [name for name in ENTITIES if getattr(found, name) is not None]
    if len(given) > 1:
        line.refuse(f"record {record.number}: expected one of {', '.join(given)}, got each")
        line.raise_first()
    options.report.unmarked += not given
    kept = ("id", "text", *ENTITIES)
    others = [
        name
        for name, value in json.loads(record.content, parse_int=float).items()
        if name not in kept and not (name in BOOKKEEPING and not value)
    ]
    options.report.stripped += bool(others)
    spans = [Span(*entity) for entity in found.label or found.labels or ()]
    spans += [Span(e.start_offset, e.end_offset, e.label) for e in found.entities or ()]
    options.documents.begin(str(record.number if found.id is None else found.id))
    return sentences_of(found.text, spans, f"record {record.number}", line, options)


class Writer(DocumentWriter):
    """Writes a line for each document."""

    def add(self, document: Document) -> bytes:
        """See DocumentWriter; the other fields come out as they are."""
        fields = {name: value for name, value in document.fields.items() if name not in ENTITIES}
        name = {} if document.name is None else {"id": as_id(document.name)}
        label = as_json([[span.start, span.end, span.label] for span in document.spans])
        row = name | fields | {"text": as_json(document.text), "label": label}
        return f"{as_object(row)}\n".encode()


def is_number(name: str) -> bool:
    """Say whether an id is a number, as annotation tools have it; of any length."""
    return re.fullmatch("0|[1-9][0-9]*", name, re.ASCII) is not None


def as_id(name: str) -> str:
    """Return an id as JSON: a number where it is one."""
    return name if is_number(name) else as_json(name)


def as_json(value: object) -> str:
    """Return JSON, with lone surrogates as escapes: UTF-8 has none."""
    return escaped(json.dumps(value, ensure_ascii=False))


def as_object(fields: Mapping[str, str]) -> str:
    """Join fields, each as JSON, in an object; what they say stays to the letter."""
    return escaped("{" + ", ".join(f"{as_json(name)}: {fields[name]}" for name in fields) + "}")


FORMAT = DocumentFormat(records, read, Writer, has_texts=True)
