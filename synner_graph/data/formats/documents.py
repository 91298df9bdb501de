"""Read and write the marks by which each format says where documents begin."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synner_graph.data.formats.lines import Block
from synner_graph.data.schemes import OUTSIDE

NEW_DOCUMENT = re.compile(r"#\s*newdoc(?:\s+id\s*=\s*(.*))?")
START_LINE = "-DOCSTART-"
BEGIN_LINE = "#begin document"
END_LINE = "#end document"


@dataclass
class Documents:
    """Keeps track of the document that a reader is in.

    Attributes:
        current: Its id: the name in its mark, else its number; None before the first mark.
        number: Number of documents that have begun.
    """

    current: str | None = None
    number: int = 0

    def begin(self, name: str) -> None:
        """Enter the next document; the name of the one before gets a number added."""
        self.number += 1
        identifier = name.strip() or str(self.number)
        if identifier == self.current:
            identifier = f"{identifier} ({self.number})"
        self.current = identifier


@dataclass(frozen=True, slots=True)
class DocumentMarks:
    """How a format marks documents.

    Attributes:
        read: The name of the document that begins with a block of lines, empty where the mark has
            none; None where none begins.
        before: A document's id and the lines of its first sentence -> the lines with the mark.
        after: A document's id -> the lines behind its last sentence.
    """

    read: Callable[[Block], str | None]
    before: Callable[[str, list[str]], list[str]]
    after: Callable[[str], list[str]] = lambda document: []


def _read_comment(block: Block) -> str | None:
    for _, line in block:
        if not line.startswith("#"):
            return None
        if match := NEW_DOCUMENT.fullmatch(line):
            return match[1] or ""
    return None


def _write_comment(document: str, lines: list[str]) -> list[str]:
    if any(NEW_DOCUMENT.fullmatch(line) for line in lines if line.startswith("#")):
        return lines  # the comment that the sentence came with
    return [f"# newdoc id = {_one_line(document)}", *lines]


def _read_start(block: Block) -> str | None:
    return "" if block[0][1].split()[:1] == [START_LINE] else None


def _write_start(document: str, lines: list[str]) -> list[str]:
    between = ["-X-"] * (len(lines[0].split()) - 2)
    return [" ".join([START_LINE, *between, OUTSIDE]), "", *lines]


def _read_begin(block: Block) -> str | None:
    names = [line.removeprefix(BEGIN_LINE) for _, line in block if line.startswith(BEGIN_LINE)]
    return names[-1] if names else None


COMMENTS = DocumentMarks(_read_comment, _write_comment)
"""`# newdoc id = NAME` above a sentence: CoNLL-U, UNER."""

START_LINES = DocumentMarks(_read_start, _write_start)
"""A block `-DOCSTART- -X- -X- O` before the first sentence, without a name: CoNLL-2003."""

BEGIN_LINES = DocumentMarks(
    _read_begin,
    lambda document, lines: [f"{BEGIN_LINE} {_one_line(document)}", *lines],
    lambda document: [f"{END_LINE} {_one_line(document)}", ""],
)
"""`#begin document NAME` and `#end document NAME`: SemEval-2010, CoNLL-2012."""


def without_marks(block: Block) -> Block:
    """Return the lines of a block without those that begin or end a document."""
    return [row for row in block if not row[1].startswith((BEGIN_LINE, END_LINE))]


def _one_line(name: str) -> str:
    return " ".join(name.split())


def mark(
    marks: DocumentMarks | None, before: str | None, document: str | None, lines: Sequence[str]
) -> list[str]:
    """Add to the lines of a sentence the marks of documents that end and begin before it.

    Args:
        marks: Those of the format; None where it has none.
        before: The document of the sentence before; None for none.
        document: That of the sentence.
        lines: Those of the sentence.
    """
    marked = list(lines)
    if marks is None or document == before:
        return marked
    if document is not None:
        marked = marks.before(document, marked)
    return marked if before is None else [*marks.after(before), *marked]
