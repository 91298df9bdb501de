"""Read and write lines: UTF-8, blocks between blank lines, files replaced in one step."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from synner_graph.errors import InputError
from synner_graph.files import StandardOutput, replacing

Stream = Path | str | TextIO
"""A path, `-` for standard input or output, or an open text stream."""

Block = list[tuple[int, str]]
"""The lines between two blank ones, each with its number in the file."""

BYTE_ORDER_MARK = "\ufeff"
LONGEST_NUMBER = 18


class FormatError(InputError):
    """A file is not what its format says; the message starts with file and line.

    Attributes:
        line: The line at fault, from 1.
        also: What else is wrong with the same sentence.
    """

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.line = line
        self.also: tuple[FormatError, ...] = ()

    @property
    def all(self) -> list["FormatError"]:
        """All problems of the sentence, this one included, by line."""
        return sorted([self, *self.also], key=lambda problem: problem.line)


def raise_first(problems: list[FormatError]) -> None:
    """Raise the first problem, with the others attached to it; do nothing without problems."""
    if problems:
        first, *also = problems
        first.also = tuple(also)
        raise first


def is_number(text: str) -> bool:
    """Say whether a text is a whole number from 0, of no more digits than any position needs.

    Python reads no integer of more than 4,300 digits.
    """
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def name_of(stream: Stream) -> str:
    """Return the name that messages use."""
    if not isinstance(stream, (str, Path)):
        return str(getattr(stream, "name", "<stream>"))
    return "<stdin or stdout>" if str(stream) == "-" else str(stream)


def read_blocks(
    source: Stream, *, by_line: bool = False, problems: list[FormatError] | None = None
) -> Iterator[Block]:
    """Read the runs of lines between blank lines, without line ends.

    A line ends in LF or CRLF only: U+2028 and its like are ordinary characters of a token.

    Args:
        by_line: Make each line that is not blank a block.
        problems: Takes the lines that are not UTF-8, which are then read with U+FFFD in them.

    Raises:
        FormatError: A line is not UTF-8, and `problems` is not given.
        InputError: The file cannot be opened.
    """
    block: Block = []
    with _opened(source) as lines:
        for number, line in enumerate(lines, 1):
            text = line if isinstance(line, str) else _decode(line, number, source, problems)
            if number == 1:
                text = text.removeprefix(BYTE_ORDER_MARK)
            text = text.removesuffix("\n").removesuffix("\r")
            if text.strip(" \t"):
                block.append((number, text))
                if not by_line:
                    continue
            if block:
                yield block
                block = []
    if block:
        yield block


@contextmanager
def writing(target: Stream) -> Iterator[TextIO]:
    """Open a stream to write UTF-8 to; the file appears, or is replaced, only when all is written.

    Raises:
        WriteError: The file cannot be written.
    """
    if not isinstance(target, (str, Path)):
        yield target
    elif str(target) == "-":
        with _utf8(sys.stdout) as stream:
            yield stream
    else:
        with replacing(target) as file:
            stream = TextIOWrapper(file, encoding="utf-8", newline="\n")
            yield stream
            stream.detach()


@contextmanager
def writing_bytes(target: Stream) -> Iterator[Callable[[bytes], object]]:
    """Open a stream as `writing` does, and yield the function that writes bytes to it.

    Raises:
        WriteError: The file cannot be written.
        InputError: The target is a stream of text, and the bytes are not UTF-8.
    """
    if not isinstance(target, (str, Path)):
        yield lambda data: target.write(_text(data, target))
    elif str(target) == "-":
        stream = StandardOutput()
        stream.flush()
        yield stream.write
        stream.flush()
    else:
        with replacing(target) as file:
            yield file.write


def _text(data: bytes, target: TextIO) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = "expected a file of bytes for this format, got a stream of text"
        raise InputError(f"{name_of(target)}: {message}") from error


@contextmanager
def _opened(source: Stream) -> Iterator[Iterable[str | bytes]]:
    if not isinstance(source, (str, Path)):
        yield source
    elif str(source) == "-":
        yield getattr(sys.stdin, "buffer", sys.stdin)
    else:
        try:
            file = open(source, "rb")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"cannot read {source}: {error.strerror}") from error
        with file:
            yield file


def decoded(line: bytes, number: int, path: str) -> str:
    """Decode a line of a file.

    Args:
        line: With its end or without.
        number: Of the line, from 1.
        path: How errors call the file.

    Raises:
        FormatError: It is not UTF-8.
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        byte, place = line[error.start], error.start + 1
        message = f"expected UTF-8, got byte 0x{byte:02x} as byte {place} of the line"
        raise FormatError(path, number, message) from error


def _decode(line: bytes, number: int, source: Stream, problems: list[FormatError] | None) -> str:
    try:
        return decoded(line, number, name_of(source))
    except FormatError as problem:
        if problems is None:
            raise
        problems.append(problem)
        return line.decode(errors="replace")


@contextmanager
def _utf8(stream: TextIO) -> Iterator[TextIO]:
    """Make the stream write UTF-8 with LF on every platform."""
    if not hasattr(stream, "buffer"):
        yield stream
        return
    stream.flush()
    wrapper = TextIOWrapper(stream.buffer, encoding="utf-8", newline="\n")
    try:
        yield wrapper
    finally:
        wrapper.flush()
        wrapper.detach()
