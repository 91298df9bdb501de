"""Write named texts to files, and continue half-written files."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Protocol

from synner_graph.errors import InputError
from synner_graph.files import StandardOutput, growing, move, write_bytes
from synner_graph.text.engine import Pool
from synner_graph.text.pipeline import TextPipeline, chunks
from synner_graph.text.sources import Record
from synner_graph.text.writers import Writer


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
    pipeline: TextPipeline | Pool,
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
    stream.write(writer.finish())


def continue_named(
    pipeline: TextPipeline | Pool,
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
    pipeline: TextPipeline | Pool,
    parts: Iterable[list[Record]],
    writer: Writer,
    stream: Stream,
    number: int,
    done: Callable[[int], None],
) -> None:
    for part, named in pipeline.parts(parts, _text):
        for record, segments in zip(part, named, strict=True):
            for text in writer.write(number, record, segments):
                stream.write(text.encode())
            number += 1
            done(record.position)
        stream.flush()


def _text(record: Record) -> str:
    return record.text
