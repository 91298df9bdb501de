"""Universal NER's .iob2: comments as in CoNLL-U, then ID, FORM, TAG and the annotators' columns.

The annotators' columns are not kept; two hyphens stand for them in what is written.
"""

from synner_graph.data.formats.comments import (
    find_offsets,
    read_comments,
    split_comments,
    write_comments,
)
from synner_graph.data.formats.documents import COMMENTS
from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import Format, ReadOptions, Rows, join
from synner_graph.data.schemes import entities_to_tags
from synner_graph.data.sentence import ConlluExtra, Sentence

LAYOUT = "ID FORM TAG"


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one block of lines as a sentence."""
    comment_lines, lines = split_comments(block, options.path)
    identifier, text, comments = read_comments(comment_lines)
    rows = Rows([(number, line.split("\t")[:3]) for number, line in lines], LAYOUT, options.path)
    ids, tokens, tags = rows.columns
    rows.check_ids(ids)
    return rows.sentence(
        options,
        tags,
        tokens=tokens,
        id=identifier,
        text=text,
        offsets=find_offsets(text, tokens),
        extra=ConlluExtra(comments=comments) if comments else None,
    )


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as lines."""
    tags = entities_to_tags(sentence.entities, len(sentence), scheme)
    rows = enumerate(zip(sentence.tokens, tags, strict=True), 1)
    return write_comments(sentence) + [
        join([str(number), token, tag, "-", "-"]) for number, (token, tag) in rows
    ]


FORMAT = Format(scheme="bio", read=read, write=write, documents=COMMENTS)
