"""Read the elements of a JSON list, each with the line where it begins."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from synner_graph.data.formats.lines import FormatError, Stream, name_of, read_blocks


class Element(NamedTuple):
    """An element of the list.

    Attributes:
        line: Where it begins, from 1.
        text: As it is written.
        value: What it says.
    """

    line: int
    text: str
    value: Any


def elements(source: Stream, several: str, one: str) -> Iterator[Element]:
    """Yield the elements of the JSON list in a file.

    The list is cut here and not by `json.loads`, which does not say where an element stands.

    Args:
        source: A path, `-` for standard input, or an open text stream.
        several: What the elements are, for errors, such as `tasks`.
        one: The same of one.

    Raises:
        InputError: The file cannot be opened.
        FormatError: It is not such a list.
    """
    lines = [row for block in read_blocks(source) for row in block]
    text = "\n".join(line for _, line in lines)
    decoder = json.JSONDecoder()
    place = seen = at = 0  # `at`: the line that holds the character `seen`

    def line() -> int:
        nonlocal seen, at
        at += text.count("\n", seen, place)
        seen = place
        return lines[min(at, len(lines) - 1)][0] if lines else 1

    def expected(what: str) -> FormatError:
        got = repr(text[place]) if place < len(text) else "the end of the file"
        return FormatError(name_of(source), line(), f"expected {what}, got {got}")

    place = _skip(text, 0)
    if not text.startswith("[", place):
        raise expected(f"a JSON list of {several}")
    place = _skip(text, place + 1)
    first = True
    while not text.startswith("]", place):
        if not first:
            if not text.startswith(",", place):
                raise expected(f"',' or ']' after a {one}")
            place = _skip(text, place + 1)
        first = False
        begins = line()
        try:
            element, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            place = error.pos
            raise expected(f"JSON ({error.msg.lower()})") from error
        except (RecursionError, ValueError) as error:  # nested too deep, or a number too long
            raise expected(f"JSON that can be read ({error})") from error
        yield Element(begins, text[place:end], element)
        place = _skip(text, end)
    place = _skip(text, place + 1)
    if place < len(text):
        raise expected("the end of the file")


def _skip(text: str, place: int) -> int:
    """Return the place of the next character that is not white space."""
    while place < len(text) and text[place] in " \t\n\r":
        place += 1
    return place
