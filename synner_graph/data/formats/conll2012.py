"""CoNLL-2012, the `_conll` files of OntoNotes: entities from the bracket column, parts of speech.

Columns have white space between. There are no dependency trees in these files: `data convert
--trees` adds those of another. Whatever else they hold is not kept; `-` fills it in what is
written. `#begin document NAME` and `#end document` stand around documents.
"""

import re

from synner_graph.data.formats.brackets import Mark, read_brackets, write_brackets
from synner_graph.data.formats.documents import BEGIN_LINES, without_marks
from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import Format, ReadOptions, Rows, join
from synner_graph.data.formats.token_tag import cut
from synner_graph.data.sentence import Sentence

LAYOUT = "DOCUMENT PART NUMBER WORD POS PARSE LEMMA FRAMESET SENSE SPEAKER NE"
READ = len(LAYOUT.split())
EMPTY = "-"
SEPARATORS = " \t"
CELL = re.compile(r"((?:\([^()*]+)*)(\*?)(\)*)")


def read(block: Block, options: ReadOptions) -> Sentence | None:
    """Read one block of lines as a sentence, or None where there are only document lines."""
    lines = without_marks(block)
    if not lines:
        return None
    fields = [(number, cut(line, SEPARATORS)[:READ]) for number, line in lines]
    rows = Rows(fields, LAYOUT, options.path)
    _, _, numbers, tokens, xpos, *_, cells = rows.columns
    rows.check_ids(numbers, first=0)
    marks = [_marks(rows, position, cell) for position, cell in enumerate(cells)]
    return rows.build(
        options,
        tokens=tokens,
        entities=read_brackets(rows, marks),
        xpos=None if all(tag == EMPTY for tag in xpos) else xpos,
    )


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as lines; the last column is always that of coreference."""
    length = len(sentence)
    blank = [EMPTY] * length
    columns = (
        blank,
        ["0"] * length,
        map(str, range(length)),
        sentence.tokens,
        sentence.xpos if sentence.xpos is not None else blank,
        *[blank] * 5,
        map(_cell, write_brackets(sentence, reserved="()*", labelled=False)),
        blank,
    )
    return [join(row, SEPARATORS) for row in zip(*columns, strict=True)]


def _marks(rows: Rows, position: int, cell: str) -> list[Mark]:
    match = CELL.fullmatch(cell)
    if match is None or not (match[1] or match[2]):
        message = "expected '*', '(LABEL*', '*)' or '(LABEL)' in column NE"
        rows.refuse(position, f"{message}, got {cell!r}")
        return []
    labels = match[1].split("(")[1:]
    return [("(", label) for label in labels] + [(")", "")] * len(match[3])


def _cell(marks: list[Mark]) -> str:
    labels = [label for mark, label in marks if mark == "("]
    closing = ")" * (len(marks) - len(labels))
    if len(labels) == 1 and closing == ")":
        return f"({labels[0]})"
    return "".join(f"({label}" for label in labels) + "*" + closing


FORMAT = Format(scheme="", read=read, write=write, documents=BEGIN_LINES)
