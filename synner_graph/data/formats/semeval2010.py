"""SemEval-2010 task 1: tab-separated columns, from which the Syn-LSTM papers take ca and es.

Read are the token, the gold lemma, part of speech, features, head and relation, and the entities,
which may be nested: `(org` opens one, `org)` closes it, `|` stands between several, `_` for none.
The columns of automatic annotation, predicates and coreference are not kept; `_` fills them in what
is written. `#begin document NAME` and `#end document` stand around documents.
"""

from synner_graph.data.formats.brackets import Mark, read_brackets, write_brackets
from synner_graph.data.formats.documents import BEGIN_LINES, without_marks
from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import (
    EMPTY,
    Format,
    ReadOptions,
    Rows,
    head_column,
    join,
    optional,
    or_empty,
)
from synner_graph.data.sentence import ConlluExtra, Sentence

LAYOUT = "ID TOKEN LEMMA PLEMMA POS PPOS FEAT PFEAT HEAD PHEAD DEPREL PDEPREL NE"
READ = len(LAYOUT.split())
UNREAD = ("PNE", "PRED", "PPRED", "COREF")


def read(block: Block, options: ReadOptions) -> Sentence | None:
    """Read one block of lines as a sentence, or None where there are only document lines."""
    lines = without_marks(block)
    if not lines:
        return None
    rows = Rows([(number, line.split("\t")[:READ]) for number, line in lines], LAYOUT, options.path)
    ids, tokens, lemmas, _, xpos, _, feats, _, head_numbers, _, relations, _, cells = rows.columns
    rows.check_ids(ids)
    heads = rows.heads(head_numbers)
    marks = [_marks(rows, position, cell) for position, cell in enumerate(cells)]
    extra = ConlluExtra(lemmas=optional(lemmas), feats=optional(feats))
    return rows.build(
        options,
        tokens=tokens,
        heads=heads,
        relations=relations if heads else optional(relations),
        entities=read_brackets(rows, marks),
        xpos=optional(xpos),
        extra=extra if extra != ConlluExtra() else None,
    )


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as lines."""
    length = len(sentence)
    extra = sentence.extra or ConlluExtra()
    blank = [EMPTY] * length
    columns = (
        map(str, range(1, length + 1)),
        sentence.tokens,
        or_empty(extra.lemmas, length),
        blank,
        or_empty(sentence.xpos, length),
        blank,
        or_empty(extra.feats, length),
        blank,
        head_column(sentence),
        blank,
        or_empty(sentence.relations, length),
        blank,
        map(_cell, write_brackets(sentence, reserved="()|", labelled=True)),
        *[blank] * len(UNREAD),
    )
    return [join(row) for row in zip(*columns, strict=True)]


def _marks(rows: Rows, position: int, cell: str) -> list[Mark]:
    marks = []
    for part in cell.split("|") if cell != EMPTY else ():
        opens, closes = part.startswith("("), part.endswith(")")
        label = part[opens : len(part) - closes]
        if not label or not (opens or closes):
            rows.refuse(position, f"expected '(LABEL', 'LABEL)' or '(LABEL)', got {part!r} in NE")
            continue
        marks += [("(", label)] * opens + [(")", label)] * closes
    return marks


def _cell(marks: list[Mark]) -> str:
    """Join the marks of a token, as in `org)|(loc|(org)`; `(org)` opens and closes at it."""
    parts: list[str] = []
    for mark, label in marks:
        if mark == "(":
            parts.append(f"({label}")
        elif parts and parts[-1] == f"({label}":
            parts[-1] += ")"
        else:
            parts.append(f"{label})")
    return "|".join(parts) or EMPTY


FORMAT = Format(scheme="", read=read, write=write, documents=BEGIN_LINES)
