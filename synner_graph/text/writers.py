"""The formats in which named texts are written."""

import csv
import io
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from synner_graph.data.formats import DOCUMENT_FORMATS, LINE_FORMATS, scheme_of
from synner_graph.data.formats.comments import ID_LINE
from synner_graph.data.formats.documents import mark
from synner_graph.data.formats.lines import LONGEST_NUMBER
from synner_graph.data.formats.whole import Document
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import ConlluExtra
from synner_graph.data.unicode import encodable, escaped
from synner_graph.errors import InputError
from synner_graph.text.document import entities_of
from synner_graph.text.sources import Record

ID, TEXT = "id", "text"
NEW_DOCUMENT = b"# newdoc id = "
SENTENCE_ID = f"{ID_LINE} ".encode()
CSV = "csv"
JSONL = "jsonl"
COLUMNS = ("record", "text", "label", "start_char", "end_char", "start", "end", "score")


class Writer(ABC):
    """The format in which named texts are written.

    Attributes:
        header: What the file begins with.
        replaced: Texts with lone surrogates, for which U+FFFD was written.
    """

    header = ""

    def __init__(self) -> None:
        self.replaced = 0

    @abstractmethod
    def write(self, number: int, record: Record, segments: Iterable[Segment]) -> Iterator[str]:
        """Write a text; the first has number 1."""

    def finish(self) -> bytes:
        """Return what the file has behind the last text."""
        return b""

    def units(self, stream: BinaryIO) -> Iterator[tuple[int, int]]:
        """Yield the complete units of a half-written file: number of the text, and bytes.

        Raises:
            InputError: The format does not tell.
        """
        raise InputError("expected .jsonl, .csv or .conllu as the output of --resume")

    def _check(self, text: str) -> None:
        self.replaced += encodable(text) != text


class JsonWriter(Writer):
    """A JSON object for each text: its fields and its entities."""

    def write(self, number: int, record: Record, segments: Iterable[Segment]) -> Iterator[str]:
        """See Writer; JSON can hold lone surrogates."""
        entities = [entity.to_json() for entity in entities_of(record.text, segments)]
        found = {"entities": json.dumps(entities, ensure_ascii=False)}
        fields = [
            f"{json.dumps(name, ensure_ascii=False)}: {value}"
            for name, value in (record.fields | found).items()
        ]
        line = f"{{{', '.join(fields)}}}"
        yield escaped(line) + "\n"

    def units(self, stream: BinaryIO) -> Iterator[tuple[int, int]]:
        """See Writer."""
        for number, line in enumerate(stream, 1):
            if line.endswith(b"\n"):
                yield number, len(line)


class CsvWriter(Writer):
    """A row for each entity."""

    header = ",".join(COLUMNS) + "\n"

    def write(self, number: int, record: Record, segments: Iterable[Segment]) -> Iterator[str]:
        """See Writer."""
        self._check(record.text)
        for entity in entities_of(record.text, segments):
            row = io.StringIO()
            values = {"record": number, **entity.to_json()}
            csv.writer(row, lineterminator="\n").writerow(values[name] for name in COLUMNS)
            yield encodable(row.getvalue())

    def units(self, stream: BinaryIO) -> Iterator[tuple[int, int]]:
        """See Writer; a row goes on where quotes are open at the end of its line."""
        row = b""
        for line in stream:
            row += line
            if line.endswith(b"\n") and row.count(b'"') % 2 == 0:
                yield _number(row.partition(b",")[0]), len(row)
                row = b""


class SentenceWriter(Writer):
    """Sentences, in any format that has them; each named by its text's number and its own.

    Each text is a document of that number, where the format marks documents.
    """

    def __init__(self, format: str, scheme: str | None) -> None:
        super().__init__()
        self.format = LINE_FORMATS[format]
        self.is_conllu = format == "conllu"
        self.scheme = scheme_of(format, scheme)

    def write(self, number: int, record: Record, segments: Iterable[Segment]) -> Iterator[str]:
        """See Writer; a text without sentences leaves nothing."""
        self._check(record.text)
        document, before = str(number), None
        for place, (start, sentence) in enumerate(segments, 1):
            named = sentence.replace(
                id=f"{number}-{place}",
                document=document,
                extra=ConlluExtra(comments=(f"# start_char = {start}",)),
            )
            lines = self.format.write(named, self.scheme)
            lines = mark(self.format.documents, before, document, lines)
            before = document
            yield self._joined([*lines] if self.format.by_line else [*lines, ""])
        if after := mark(self.format.documents, before, None, []):
            yield self._joined(after)

    def units(self, stream: BinaryIO) -> Iterator[tuple[int, int]]:
        """See Writer."""
        if not self.is_conllu:
            yield from super().units(stream)
        size, name = 0, b""  # of a sentence; the mark of a document may stand above its name
        for line in stream:
            if not name and not line.startswith(NEW_DOCUMENT):
                name = line
            size += len(line)
            if line == b"\n":
                yield _number(name.removeprefix(SENTENCE_ID).partition(b"-")[0]), size
                size, name = 0, b""

    @staticmethod
    def _joined(lines: Sequence[str]) -> str:
        return encodable("".join(f"{line}\n" for line in lines))


class WholeWriter(Writer):
    """Texts with entities by character, or Docs of spaCy: any format of documents.

    A text has the name that its field `id` says; its other fields go where the format has room.
    """

    def __init__(self, format: str) -> None:
        super().__init__()
        self.writer = DOCUMENT_FORMATS[format].writer()
        self.has_texts = DOCUMENT_FORMATS[format].has_texts

    def write(self, number: int, record: Record, segments: Iterable[Segment]) -> Iterator[str]:
        """See Writer; JSON can hold lone surrogates, Docs cannot."""
        if not self.has_texts:
            self._check(record.text)
        name, fields = known_name(record.fields)
        yield self.writer.add(Document(record.text, list(segments), name, fields)).decode()

    def finish(self) -> bytes:
        """See Writer."""
        return self.writer.finish()


def known_name(fields: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """Take the id of a text out of its fields; None where there is none.

    Args:
        fields: By name, each as JSON.

    Returns:
        The id, and the fields without it and without the text.
    """
    name = json.loads(fields.get(ID, "null"), parse_int=str)  # an int has a longest
    known = str(name) if isinstance(name, (str, int)) and name != "" else None
    left_out = {TEXT} if known is None else {TEXT, ID}
    return known, {name: value for name, value in fields.items() if name not in left_out}


def writer_of(format: str, scheme: str | None) -> Writer:
    """Return the writer of a format: one of `FORMATS`, or csv.

    Raises:
        InputError: The format has no tags, and a scheme is given.
    """
    if format in (CSV, JSONL):
        if scheme is not None:
            raise InputError(f"expected no tagging scheme for {format}, which has no tags")
        return CsvWriter() if format == CSV else JsonWriter()
    if format in DOCUMENT_FORMATS:
        scheme_of(format, scheme)
        return WholeWriter(format)
    return SentenceWriter(format, scheme)


def _number(text: bytes) -> int:
    """Return the number of a text; if unreadable, the largest number, so that it is not skipped.

    A file of something else is then refused when it is compared.
    """
    return int(text) if text.isdigit() and len(text) <= LONGEST_NUMBER else sys.maxsize
