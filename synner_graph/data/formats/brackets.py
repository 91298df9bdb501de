"""Read and write entities as brackets in a column, for CoNLL-2012 and SemEval-2010."""

from collections.abc import Iterable
from itertools import combinations

from synner_graph.data.formats.rows import Rows
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError

Mark = tuple[str, str]
"""`(` or `)`, and the label; a closing mark without one closes whatever was opened last."""


def read_brackets(rows: Rows, cells: Iterable[Iterable[Mark]]) -> list[Entity]:
    """Read the entities of a sentence; an error names the line of a bracket without a partner.

    Args:
        cells: The marks of each token, in the order in which they stand.
    """
    entities = []
    waiting: list[tuple[str, int]] = []  # label and first token of what is open
    for position, marks in enumerate(cells):
        for mark, label in marks:
            if mark == "(":
                waiting.append((label, position))
                continue
            fitting = [i for i, (opened, _) in enumerate(waiting) if label in ("", opened)]
            if not fitting:
                rows.refuse(position, f"expected '({label}' before '{label})', got none")
                continue
            opened, start = waiting.pop(fitting[-1])
            entities.append(Entity(start, position + 1, opened))
    for label, start in waiting:
        rows.refuse(start, f"expected a ')' for '({label}', got none")
    return entities


def write_brackets(sentence: Sentence, reserved: str, labelled: bool) -> list[list[Mark]]:
    """Write the marks of each token: first the entities that end, innermost first, then new ones.

    Args:
        reserved: Characters that no label may hold.
        labelled: Whether closing marks bear their label, so that only entities of one label need
            to be nested where they overlap.

    Raises:
        InputError: A label holds a reserved character, or entities overlap in a way that the
            brackets cannot say.
    """
    for entity in sentence.entities:
        if any(character in reserved or character.isspace() for character in entity.label):
            message = f"expected a label without white space and any of {reserved}"
            raise InputError(f"{message}, got {entity.label!r}")
    for left, right in combinations(sentence.entities, 2):
        crosses = left.start < right.start < left.end < right.end
        if crosses and (left.label == right.label or not labelled):
            raise InputError(
                f"expected entities one inside the other where they overlap, got {left.label} at "
                f"tokens {left.start + 1}-{left.end} and {right.label} at "
                f"{right.start + 1}-{right.end}"
            )
    cells: list[list[Mark]] = [[] for _ in sentence.tokens]
    inwards = sorted(sentence.entities, key=lambda entity: (entity.start, -entity.end))
    for entity in reversed(inwards):
        if entity.end - entity.start > 1:
            cells[entity.end - 1].append((")", entity.label))
    for entity in inwards:
        cells[entity.start].append(("(", entity.label))
        if entity.end - entity.start == 1:
            cells[entity.start].append((")", entity.label))
    return cells
