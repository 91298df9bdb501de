"""Write named texts to files, and continue half-written files."""

import csv
import io
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from synner_graph.data.formats import FORMATS, scheme_of
from synner_graph.data.formats.comments import ID_LINE
from synner_graph.data.formats.documents import mark
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import ConlluExtra
from synner_graph.data.unicode import SURROGATE, encodable
from synner_graph.errors import InputError
from synner_graph.files import StandardOutput, growing, move, write_bytes
from synner_graph.text.document import entities_of
from synner_graph.text.pipeline import TextPipeline, chunks
from synner_graph.text.sources import Record

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
        yield SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", line) + "\n"

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
        self.format = FORMATS[format]
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


def writer_of(format: str, scheme: str | None) -> Writer:
    """Return the writer of a format: one of `FORMATS`, or csv.

    Raises:
        InputError: The format has no tags, and a scheme is given.
    """
    if format in (CSV, JSONL):
        if scheme is not None:
            raise InputError(f"expected no tagging scheme for {format}, which has no tags")
        return CsvWriter() if format == CSV else JsonWriter()
    return SentenceWriter(format, scheme)


class Stream(Protocol):
    """A target of bytes."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""

    def flush(self) -> None:
        """Hand on buffered bytes."""


def part_of(path: Path | str) -> Path:
    """Return the file in which an output grows until it is whole."""
    return Path(f"{path}.part")


@contextmanager
def opened(path: str) -> Iterator[Stream]:
    """Open a stream of bytes to a file; `-` for standard output.

    The bytes gather in a part beside the file, which takes its name when all are written: until
    then an old file stays. A part with something in it stays where the block fails or the process
    is killed. What is no ordinary file (a pipe) is written as it is.

    Raises:
        WriteError: The file cannot be written.
    """
    if path == "-":
        stream = StandardOutput()
        stream.flush()
        yield stream
        stream.flush()
    elif Path(path).exists() and not Path(path).is_file():
        with growing(path) as file:
            yield file
    else:
        part = part_of(path)
        try:
            with growing(part) as file:
                yield file
        finally:
            with suppress(OSError):
                if part.stat().st_size == 0:
                    part.unlink()
        finish(path)


def finish(path: Path | str) -> None:
    """Rename the part of a file, if there is one, to the file.

    Raises:
        WriteError: It cannot be renamed.
    """
    part = part_of(path)
    if part.exists():
        move(part, path)
    elif not Path(path).exists():
        write_bytes(path, b"")


def write_named(
    pipeline: TextPipeline,
    records: Iterable[Record],
    writer: Writer,
    stream: Stream,
    done: Callable[[int], None] = lambda position: None,
    pauses: Callable[[], bool] = lambda: False,
) -> None:
    """Name texts and write them.

    Args:
        done: Called with the bytes of the source that are done with.
        pauses: Whether the next record is long in coming, so that those before it are written.
    """
    stream.write(writer.header.encode())
    parts = chunks(records, _text, pauses=pauses)
    _write(pipeline, parts, writer, stream, 1, done)


def continue_named(
    pipeline: TextPipeline,
    records: Iterable[Record],
    writer: Writer,
    path: Path,
    done: Callable[[int], None] = lambda position: None,
) -> None:
    """Continue a file whose writing was broken off at any byte.

    What goes on is the part of the file, or, where there is none, the file itself.

    Chunks that are surely written whole are skipped. What the file has beyond them is named once
    more, which must give the same bytes, and the file goes on from there.

    Raises:
        InputError: The file holds something else: another run's, or with other options.
    """
    part = part_of(path)
    place = part if part.exists() else path
    with growing(place, "r+b") as file, open(place, "rb") as back:
        header = writer.header.encode()
        is_whole = back.read(len(header)) == header
        units = writer.units(back) if is_whole else iter(())
        skipped, position = 0, len(header) if is_whole else 0
        waiting = next(units, None)
        left = chunks(records, _text)
        for chunk in left:
            end = skipped + len(chunk)
            size = 0
            while waiting is not None and waiting[0] <= end:
                size += waiting[1]
                waiting = next(units, None)
            if waiting is None:
                break
            skipped, position = end, position + size
            done(chunk[-1].position)
        else:
            chunk = []
        file.seek(position)
        checked = _Continuation(file, place)
        if not is_whole:
            checked.write(header)
        _write(pipeline, chain([chunk], left), writer, checked, skipped + 1, done)
        checked.finish()
    finish(path)


class _Continuation:
    """Compares new bytes with those in the file, and appends them at its end."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file = file
        self.path = path

    def write(self, data: bytes) -> None:
        there = self.file.read(len(data))
        if there != data[: len(there)]:
            self._refuse()
        self.file.write(data[len(there) :])

    def flush(self) -> None:
        self.file.flush()

    def finish(self) -> None:
        if self.file.read(1):
            self._refuse()

    def _refuse(self) -> None:
        raise InputError(
            f"{self.path} cannot be continued: it was written by another run, from another input "
            "or with other options."
        )


def _write(
    pipeline: TextPipeline,
    parts: Iterable[list[Record]],
    writer: Writer,
    stream: Stream,
    number: int,
    done: Callable[[int], None],
) -> None:
    for part in parts:
        named = pipeline.chunk([record.text for record in part])
        for record, segments in zip(part, named, strict=True):
            for text in writer.write(number, record, segments):
                stream.write(text.encode())
            number += 1
            done(record.position)
        stream.flush()


def _text(record: Record) -> str:
    return record.text


def _number(text: bytes) -> int:
    """Return the number of a text; if unreadable, the largest number, so that it is not skipped.

    A file of something else is then refused when it is compared.
    """
    return int(text) if text.isdigit() else sys.maxsize
