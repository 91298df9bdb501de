"""Scores of nested entities: those that stand in no other, and those that do."""

from collections.abc import Iterable, Sequence

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.scores import Report, score_entities

OUTERMOST = "outermost"
INNER = "inner"


def nested_scores(
    gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]
) -> dict[str, Report]:
    """Score outermost and inner entities apart, each strictly.

    An entity is inner if it lies within a longer one of its own side, gold or predicted. So an
    inner entity that is found without the one around it counts as missed here and as spurious
    among the outermost.

    Returns:
        By `OUTERMOST` and `INNER`; empty where no entity, gold or predicted, is inner.

    Raises:
        ValueError: The two do not have equally many sentences.
    """
    left, right = ([_split(entities) for entities in side] for side in (gold, predicted))
    if not any(inner for _, inner in (*left, *right)):
        return {}
    return {
        name: score_entities(_part(left, part), _part(right, part), name)
        for part, name in enumerate((OUTERMOST, INNER))
    }


def _split(entities: Iterable[Entity]) -> tuple[list[Entity], list[Entity]]:
    outermost: list[Entity] = []
    inner: list[Entity] = []
    before: list[Entity] = []  # whatever lies around an entity comes before it
    for entity in sorted(entities, key=lambda e: (e.start, -e.end)):
        is_inner = any(
            other.end >= entity.end and (other.start, other.end) != (entity.start, entity.end)
            for other in before
        )
        (inner if is_inner else outermost).append(entity)
        before.append(entity)
    return outermost, inner


def _part(side: Sequence[tuple[list[Entity], list[Entity]]], part: int) -> list[list[Entity]]:
    return [sentence[part] for sentence in side]
