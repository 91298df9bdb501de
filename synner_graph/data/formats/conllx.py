"""CoNLL-X with entities: the 11 tab-separated columns that the Syn-LSTM papers use.

Only the named columns are read; `_` fills the others, and any of them that is not known. Sentence
ids and source text have no place in this format.
"""

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
from synner_graph.data.schemes import entities_to_tags
from synner_graph.data.sentence import Sentence

LAYOUT = "ID FORM _ UPOS XPOS _ HEAD DEPREL _ _ TAG"


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one block of lines as a sentence."""
    rows = Rows([(number, line.split("\t")) for number, line in block], LAYOUT, options.path)
    ids, tokens, _, upos, xpos, _, head_numbers, relations, _, _, tags = rows.columns
    rows.check_ids(ids)
    heads = rows.heads(head_numbers)
    return rows.sentence(
        options,
        tags,
        tokens=tokens,
        heads=heads,
        relations=relations if heads else optional(relations),
        upos=optional(upos),
        xpos=optional(xpos),
    )


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as lines."""
    length = len(sentence)
    blank = [EMPTY] * length
    columns = (
        map(str, range(1, length + 1)),
        sentence.tokens,
        blank,
        or_empty(sentence.upos, length),
        or_empty(sentence.xpos, length),
        blank,
        head_column(sentence),
        or_empty(sentence.relations, length),
        blank,
        blank,
        entities_to_tags(sentence.entities, length, scheme),
    )
    return [join(row) for row in zip(*columns, strict=True)]


FORMAT = Format(scheme="bio", read=read, write=write)
