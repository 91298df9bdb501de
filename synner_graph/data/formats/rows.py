"""What the column formats share: rows to a `Sentence`, with errors that name the line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from synner_graph.data.formats.lines import Block, FormatError
from synner_graph.data.schemes import SchemeError, tags_to_entities
from synner_graph.data.sentence import ROOT, Sentence, SentenceError
from synner_graph.errors import InputError

EMPTY = "_"

Row = tuple[int, list[str]]
"""A line cut into fields, with its number in the file."""


@dataclass
class ReadReport:
    """Counted while reading."""

    sentences: int = 0
    repaired_tags: int = 0


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How strictly a file is read; see `read_sentences`."""

    path: str
    scheme: str
    repair: bool = False
    multiple_roots: bool = False
    report: ReadReport = field(default_factory=ReadReport)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: one block of lines to a sentence (None: nothing in it), and back."""

    scheme: str
    read: Callable[[Block, ReadOptions], Sentence | None]
    write: Callable[[Sentence, str], list[str]]


class Rows:
    """The token lines of one sentence, cut into columns.

    Attributes:
        columns: One tuple a column, one entry a token.

    Raises:
        FormatError: A row has more or fewer fields than `layout`.
    """

    def __init__(self, rows: Sequence[Row], layout: str, path: str) -> None:
        self.numbers = [number for number, _ in rows]
        self.path = path
        width = len(layout.split())
        for position, (_, fields) in enumerate(rows):
            if len(fields) != width:
                message = f"expected {width} columns ({layout}), got {len(fields)}"
                raise self.error(position, message)
        self.columns = list(zip(*(fields for _, fields in rows), strict=True))

    def error(self, position: int | None, message: str) -> FormatError:
        """An error at the line of a token; of the first where the whole sentence is at fault."""
        return FormatError(self.path, self.numbers[position or 0], message)

    def check_ids(self, ids: Sequence[str]) -> None:
        """Refuse anything but 1, 2, 3, ..."""
        for position, given in enumerate(ids):
            if given != str(position + 1):
                raise self.error(position, f"expected ID {position + 1}, got {given!r}")

    def heads(self, column: tuple[str, ...]) -> list[int] | None:
        """Heads counted from 0; None for a column of underscores."""
        if optional(column) is None:
            return None
        for position, head in enumerate(column):
            if not (head.isascii() and head.isdigit()):
                raise self.error(position, f"expected a head number, got {head!r}")
        return [int(head) - 1 if head != "0" else ROOT for head in column]

    def sentence(self, options: ReadOptions, tags: Sequence[str], **parts: Any) -> Sentence:
        """Decode the tags, build the sentence, and give what is wrong with either its line."""
        try:
            entities, repaired = tags_to_entities(tags, options.scheme, options.repair)
            options.report.repaired_tags += repaired
            sentence = Sentence(entities=tuple(entities), **parts)
            return sentence.check(single_root=not options.multiple_roots, flat=False)
        except SchemeError as error:
            inside = options.scheme == "bio" and tags[error.position].startswith("I-")
            hint = " (if the file is IOB1, say --scheme iob1)" if inside else ""
            raise self.error(error.position, f"{error}{hint}") from error
        except SentenceError as error:
            raise self.error(error.position, str(error)) from error


def optional(column: tuple[str, ...]) -> tuple[str, ...] | None:
    """The column, or None where it holds nothing but underscores."""
    return None if all(entry == EMPTY for entry in column) else column


def or_empty(column: Sequence[str] | None, length: int) -> Sequence[str]:
    """The column, or underscores: the reverse of `optional`."""
    return column if column is not None else [EMPTY] * length


def head_column(sentence: Sentence) -> Sequence[str]:
    """Heads as files write them: from 1, 0 for the root."""
    if sentence.heads is None:
        return [EMPTY] * len(sentence)
    return [str(head + 1) for head in sentence.heads]


def join(row: Iterable[str], separators: str = "\t") -> str:
    """One line of a file.

    Args:
        separators: What a reader cuts at; the first is written between the fields.

    Raises:
        InputError: A field holds a separator or a line end.
    """
    row = list(row)
    for text in row:
        if any(character in text for character in f"{separators}\n\r"):
            raise InputError(f"expected no separator or line end in a field, got {text!r}")
    return separators[:1].join(row)
