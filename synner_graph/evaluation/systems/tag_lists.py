"""Systems as seqeval takes them: a JSON list with a list of tags for each sentence.

[["B-PER", "I-PER", "O"], ["O"]]
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from synner_graph.data.formats.lines import FormatError, read_blocks
from synner_graph.data.schemes import SchemeError, tags_to_entities
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.systems.alignment import WORDS, missing_sentence
from synner_graph.evaluation.systems.system import System, SystemOptions

USUAL_SCHEME = "bio"


def read(path: str, sentences: Sequence[Sentence], options: SystemOptions) -> System:
    """See `read_system`."""
    scheme = options.scheme or USUAL_SCHEME
    found: list[tuple[Entity, ...]] = []
    line, total = 1, 0
    for line, tags in _lists(path):
        number = len(found) + 1
        if number > len(sentences):
            message = f"expected {len(sentences)} lists of tags, got another one"
            raise FormatError(path, line, message)
        if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
            message = f"expected a list of tags for sentence {number}, got {json.dumps(tags)[:40]}"
            raise FormatError(path, line, message)
        sentence = sentences[number - 1]
        if len(tags) != len(sentence):
            words = " ".join(sentence.tokens[:WORDS])
            message = f"expected {len(sentence)} tags for sentence {number}, {words!r}"
            raise FormatError(path, line, f"{message}, got {len(tags)}")
        try:
            entities, repaired = tags_to_entities(tags, scheme, options.repair)
        except SchemeError as error:
            place = f"token {error.position + 1} of sentence {number}"
            raise FormatError(path, line, f"{place}: {error}") from error
        found.append(tuple(entities))
        total += repaired
    if len(found) < len(sentences):
        raise FormatError(path, line, missing_sentence(sentences, len(found)))
    notes = (f"{path}: invalid tags repaired: {total:,}",) if total else ()
    return System(path, tuple(found), notes=notes)


def _lists(path: str) -> Iterator[tuple[int, Any]]:
    """Yield the elements of a JSON list, each with the line where it begins.

    The list is cut here and not by `json.loads`, which does not say where an element stands.
    """
    lines = [row for block in read_blocks(path) for row in block]
    text = "\n".join(line for _, line in lines)
    decoder = json.JSONDecoder()
    place = _skip(text, 0)

    def line() -> int:
        at = text.count("\n", 0, place)
        return lines[min(at, len(lines) - 1)][0] if lines else 1

    def expected(what: str) -> FormatError:
        got = repr(text[place]) if place < len(text) else "the end of the file"
        return FormatError(path, line(), f"expected {what}, got {got}")

    if not text.startswith("[", place):
        raise expected("a JSON list of lists of tags")
    place = _skip(text, place + 1)
    first = True
    while not text.startswith("]", place):
        if not first:
            if not text.startswith(",", place):
                raise expected("',' or ']' after a list of tags")
            place = _skip(text, place + 1)
        first = False
        try:
            element, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            place = error.pos
            raise expected(f"JSON ({error.msg.lower()})") from error
        yield line(), element
        place = _skip(text, end)
    place = _skip(text, place + 1)
    if place < len(text):
        raise expected("the end of the file")


def _skip(text: str, place: int) -> int:
    """Return the place of the next character that is not white space."""
    while place < len(text) and text[place] in " \t\n\r":
        place += 1
    return place
