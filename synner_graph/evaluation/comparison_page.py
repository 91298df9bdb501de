"""A page of the sentences in which systems differ: a row of entities for each, below the tree."""

from collections.abc import Collection, Sequence

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing import draw_sentence
from synner_graph.drawing.page import Card, filter_page
from synner_graph.evaluation.comparison import Group
from synner_graph.evaluation.mistakes import numbered, quoted

GOLD = "gold"


def comparison_page(
    title: str, gold: Sequence[Sentence], groups: Sequence[Group], labels: Collection[str] = ()
) -> str:
    """Write an HTML page of all sentences in which trainings differ, filterable by kind and type.

    Args:
        title: Of the page.
        gold: The sentences with their gold entities.
        groups: The systems.
        labels: Every label in use, so that each keeps one colour on the page.
    """
    rows = {
        group.name if len(group.trainings) == 1 else f"{group.name} {number}": training
        for group in groups
        for number, training in enumerate(group.trainings, 1)
    }
    cards = []
    for place, sentence in enumerate(gold):
        found = {name: training[place] for name, training in rows.items()}
        marks, notes = _differences(sentence, {name: set(f) for name, f in found.items()})
        if marks:
            scene = draw_sentence(
                sentence, labels=labels, rows={**found, GOLD: sentence.entities}
            ).scene
            cards.append(Card(numbered(place + 1, sentence), scene, tuple(marks), tuple(notes)))
    return filter_page(title, cards)


def _differences(
    sentence: Sentence, found: dict[str, set[Entity]]
) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
    """Return the marks and notes of entities that some trainings have and others do not."""
    marks: list[tuple[str, tuple[str, ...]]] = []
    notes = []
    wanted = set(sentence.entities)
    every: set[Entity] = set().union(*found.values())
    for entity in sorted(
        entity for entity in every if not all(entity in f for f in found.values())
    ):
        with_it = [name for name, entities in found.items() if entity in entities]
        without = [name for name in found if name not in with_it]
        verdict = "right" if entity in wanted else "wrong"
        marks += [(f"{name} {verdict}", (entity.label,)) for name in with_it]
        said = quoted(entity, sentence.tokens)
        notes.append(f"{verdict}: {said} by {', '.join(with_it)}; not by {', '.join(without)}")
    return marks, notes
