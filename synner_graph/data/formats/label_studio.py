"""Label Studio's JSON: a list of tasks, each a text with the labels that people or models gave.

    [{"id": 7, "data": {"text": "Jo Smith spoke."}, "annotations": [{"result": [
      {"type": "labels", "value": {"start": 0, "end": 8, "text": "Jo Smith", "labels": ["PER"]}}
    ]}]}]

`label-studio` reads and writes what people said (`annotations`), `label-studio-predicted` what a
model said (`predictions`). Characters count from 0, as Unicode has them; where the `text` of a
label is at that place only if they are counted in UTF-16, as some versions did, they are. A task
has one annotation, those that were cancelled apart; without one it has no entities, which is
counted. So are tasks with results that are no labels, or other data than the text: these are not
kept. The project's tokenizer makes tokens and sentences of a text.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from synner_graph.data.formats.characters import sentences_of
from synner_graph.data.formats.doccano import as_json, as_object, is_number
from synner_graph.data.formats.json_list import elements
from synner_graph.data.formats.json_objects import JsonLine, JsonObject
from synner_graph.data.formats.lines import FormatError, Stream
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.formats.whole import Document, DocumentFormat, DocumentWriter, Record, Span
from synner_graph.data.sentence import Sentence

LABELS = "labels"
FROM, TO = "label", "text"
"""What the tags `Labels` and `Text` are called in the labelling configuration."""


class JsonValue(JsonObject):
    """Where a label is."""

    start: int
    end: int
    labels: list[str]
    text: str | None = None


class JsonResult(JsonObject):
    """One result of an annotation; `value` is looked at where it is a label."""

    type: str
    value: dict[str, Any] = Field(default_factory=dict)
    score: float | None = None


class JsonMarks(JsonObject):
    """What one person, or a model, said of a text."""

    result: list[JsonResult]
    was_cancelled: bool = False


class JsonData(JsonObject):
    """What the task is about."""

    text: str
    document: str | None = None


class JsonTask(JsonObject):
    """A task, as in the file."""

    data: JsonData
    id: int | str | None = None
    annotations: list[JsonMarks] = Field(default_factory=list)
    predictions: list[JsonMarks] = Field(default_factory=list)


def records(source: Stream) -> Iterator[Record]:
    """Cut a file into its tasks."""
    for number, element in enumerate(elements(source, "tasks", "task"), 1):
        yield Record(element.line, number, element)


def layer(key: str) -> DocumentFormat:
    """Make the format that reads and writes `annotations` or `predictions`."""

    def read(record: Record, options: ReadOptions) -> list[Sentence]:
        line = JsonLine(record.line, record.content.text, options.path)
        task = line.parse(JsonTask)
        name = f"task {record.number if task.id is None else task.id}"
        said = [marks for marks in getattr(task, key) if not marks.was_cancelled]
        if len(said) > 1:
            line.refuse(f"{name}: expected one of {key}, got {len(said)}")
            line.raise_first()
        options.report.unmarked += not said
        results = said[0].result if said else []
        labels = [result for result in results if result.type == LABELS]
        data = record.content.value["data"]
        options.report.stripped += len(labels) < len(results) or not data.keys() <= {
            "text",
            "document",
        }
        spans = [s for result in labels for s in _spans(task.data.text, result, name, line)]
        options.documents.begin(task.data.document or str(task.id or record.number))
        return sentences_of(task.data.text, spans, name, line, options)

    def writer() -> DocumentWriter:
        return Writer(key)

    return DocumentFormat(records, read, writer, has_texts=True)


def _spans(text: str, result: JsonResult, name: str, line: JsonLine) -> list[Span]:
    """Return the labels of a result; what is wrong with it is noted."""
    where = JsonLine(line.number, as_json(result.value), line.path)
    try:
        value = where.parse(JsonValue)
    except FormatError as error:
        line.refuse(f"{name}: {str(error).removeprefix(f'{line.path}:{line.number}: ')}")
        return []
    start, end = value.start, value.end
    if value.text is not None and text[max(start, 0) : end] != value.text:
        start, end = _from_utf16(text, start), _from_utf16(text, end)
        if text[start:end] != value.text:
            got = text[max(value.start, 0) : value.end]
            line.refuse(
                f"{name}: characters {value.start} to {value.end}: expected {value.text!r}, got "
                f"{got!r} there"
            )
            return []
    return [Span(start, end, label, result.score) for label in value.labels]


def _from_utf16(text: str, place: int) -> int:
    """Return the character at a place that counts units of UTF-16."""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * max(place, 0)]
    return len(units.decode("utf-16-le", "replace"))


class Writer(DocumentWriter):
    """Writes a list of tasks.

    Args:
        key: Where the entities stand: `annotations` or `predictions`.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.is_first = True

    def add(self, document: Document) -> bytes:
        """See DocumentWriter; other fields go into the data of the task."""
        before = "[\n" if self.is_first else ",\n"
        self.is_first = False
        return (before + self._task(document)).encode()

    def finish(self) -> bytes:
        """See DocumentWriter."""
        return b"[]\n" if self.is_first else b"\n]\n"

    def _task(self, document: Document) -> str:
        results = []
        for number, (start, end, label, score) in enumerate(document.spans, 1):
            value: dict[str, Any] = {"start": start, "end": end, "text": document.text[start:end]}
            result: dict[str, Any] = {"id": f"e{number}", "from_name": FROM, "to_name": TO}
            result |= {"type": LABELS, "value": value | {"labels": [label]}}
            results.append(result if score is None else result | {"score": score})
        data = {**document.fields, "text": as_json(document.text)}
        task: dict[str, str] = {}
        if document.name is not None:
            if is_number(document.name):
                task["id"] = document.name
            else:  # the ids of tasks are numbers
                data["document"] = as_json(document.name)
        said: dict[str, Any] = {"result": results}
        if document.score is not None:
            said["score"] = document.score
        return as_object(task | {"data": as_object(data), self.key: as_json([said])})


ANNOTATED, PREDICTED = layer("annotations"), layer("predictions")
