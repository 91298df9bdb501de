"""Read texts from files, one at a time: lines of text, or a field of JSON objects."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, NamedTuple

from synner_graph.data.formats.json_list import elements
from synner_graph.data.formats.lines import BYTE_ORDER_MARK, FormatError, decoded
from synner_graph.errors import InputError
from synner_graph.text.live import LiveLines

TEXT_FIELD = "text"

_DECODER = json.JSONDecoder(parse_int=float)  # an int has a longest; the values are not read
_BEFORE_NAME = re.compile(r'[\s,]*(?=")')
_BEFORE_VALUE = re.compile(r"\s*:\s*")


class Record(NamedTuple):
    """A text to be named.

    Attributes:
        fields: What is written beside the entities, by name, each as JSON; the text is among them.
        position: Bytes of the source up to and including it.
    """

    text: str
    fields: dict[str, str]
    position: int = 0


def given(texts: Iterable[str]) -> Iterator[Record]:
    """Return the given texts as records."""
    for text in texts:
        yield Record(text, {"text": _json(text)})


def text_lines(source: str, live: LiveLines | None = None) -> Iterator[Record]:
    """Read each line of a text file, empty ones too; a line ends in LF or CRLF.

    The fields tell the number of the line and the character of the whole text at which it begins.

    Args:
        source: The file; `-` for standard input.
        live: The lines of standard input, where they come one by one.

    Raises:
        InputError: The file cannot be opened.
        FormatError: A line is not UTF-8.
    """
    start = 0
    for number, line, position in _lines(source, live):
        text = line.removesuffix("\n").removesuffix("\r")
        begins = start
        if number == 1 and text.startswith(BYTE_ORDER_MARK):
            text = text.removeprefix(BYTE_ORDER_MARK)
            begins += 1
        fields = {"line": str(number), "start_char": str(begins), "text": _json(text)}
        yield Record(text, fields, position)
        start += len(line)


def json_lines(source: str, field: str, live: LiveLines | None = None) -> Iterator[Record]:
    """Read a field of the JSON object in each line that is not blank; keep the other fields.

    Args:
        source: The file; `-` for standard input.
        field: The name of the field.
        live: The lines of standard input, where they come one by one.

    Raises:
        InputError: The file cannot be opened.
        FormatError: A line holds no JSON object, or none with a string in that field, or one with
            two fields of one name.
    """
    for number, line, position in _lines(source, live):
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if not line.strip():
            continue
        try:
            values = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            raise FormatError(_name(source), number, f"expected a JSON object: {error}") from error
        text = values.get(field) if isinstance(values, dict) else None
        if not isinstance(text, str):
            got = _short(line.strip())
            message = f"expected a JSON object with a string as {field!r}, got {got}"
            raise FormatError(_name(source), number, message)
        fields: dict[str, str] = {}
        for name, value in _fields(line):
            if name in fields:
                message = f"expected each field once, got {name!r} twice"
                raise FormatError(_name(source), number, message)
            fields[name] = value
        yield Record(text, fields, position)


def task_texts(source: str) -> Iterator[Record]:
    """Read the text of each task of Label Studio, whoever labelled it; keep id and other data.

    Args:
        source: The file; `-` for standard input.

    Raises:
        InputError: The file cannot be opened.
        FormatError: It is no JSON list of tasks with a text.
    """
    for line, _, task in elements(source, "tasks", "task"):
        data = task.get("data") if isinstance(task, dict) else None
        text = data.get(TEXT_FIELD) if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(text, str):
            message = f"expected a task with a text in its data, got {_short(_json(task))}"
            raise FormatError(_name(source), line, message)
        fields = {"id": task["id"], **data} if "id" in task else data
        yield Record(text, {name: _json(value) for name, value in fields.items()})


def _fields(line: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each field of a JSON object, the value as it is written there."""
    place = line.index("{") + 1
    while name := _BEFORE_NAME.match(line, place):
        field, place = _DECODER.raw_decode(line, name.end())
        value = _BEFORE_VALUE.match(line, place)
        assert value is not None
        _, place = _DECODER.raw_decode(line, value.end())
        yield field, line[value.end() : place]


def holds_tokens(path: str) -> bool:
    """Say whether a file of JSON objects has sentences of tokens, rather than texts."""
    for _, line, _ in _lines(path):
        if line.strip():
            try:
                first = json.loads(line.removeprefix(BYTE_ORDER_MARK))
            except (ValueError, RecursionError):
                return False
            return isinstance(first, dict) and "tokens" in first
    return False


def size_of(source: str) -> int | None:
    """Return the size of a file in bytes; None for standard input and the like."""
    path = Path(source)
    return path.stat().st_size if source != "-" and path.is_file() else None


def _lines(source: str, live: LiveLines | None = None) -> Iterator[tuple[int, str, int]]:
    """Yield number, text and end (in bytes) of each line."""
    position = 0
    with _opened(source) if live is None else nullcontext(live) as stream:
        for number, line in enumerate(stream, 1):
            position += len(line)
            yield number, decoded(line, number, _name(source)), position


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(source, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}") from error
    with file:
        yield file


def _name(source: str) -> str:
    return "<stdin>" if source == "-" else source


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
