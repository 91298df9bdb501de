"""Few-NERD: TOKEN, a tab, and the bare label of the entity or O.

Nothing marks where an entity begins, so neighbours of one label are one entity; a sentence in which
they are two cannot be written.
"""

from itertools import groupby, pairwise

from synner_graph.data.formats.lines import Block
from synner_graph.data.formats.rows import Format, ReadOptions, Rows, join
from synner_graph.data.schemes import OUTSIDE
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

LAYOUT = "TOKEN LABEL"


def read(block: Block, options: ReadOptions) -> Sentence:
    """Read one block of lines as a sentence."""
    rows = Rows([(number, line.split("\t")) for number, line in block], LAYOUT, options.path)
    tokens, labels = rows.columns
    entities = []
    for label, run in groupby(range(len(labels)), key=labels.__getitem__):
        start, *rest = run
        if not label:
            rows.refuse(start, "expected a label or O, got nothing")
        elif label != OUTSIDE:
            entities.append(Entity(start, start + len(rest) + 1, label))
    return rows.build(options, tokens=tokens, entities=entities)


def write(sentence: Sentence, scheme: str) -> list[str]:
    """Write a sentence as lines."""
    sentence.check(single_root=False)
    labels = [OUTSIDE] * len(sentence)
    for entity in sentence.entities:
        if entity.label == OUTSIDE:
            raise InputError(f"expected no label {OUTSIDE}, which is for tokens outside entities")
        labels[entity.start : entity.end] = [entity.label] * (entity.end - entity.start)
    for left, right in pairwise(sentence.entities):
        if left.end == right.start and left.label == right.label:
            raise InputError(
                f"expected no two {left.label} side by side, which would read as one, got tokens "
                f"{left.start + 1}-{left.end} and {right.start + 1}-{right.end}"
            )
    return [join(row) for row in zip(sentence.tokens, labels, strict=True)]


FORMAT = Format(scheme="", read=read, write=write)
