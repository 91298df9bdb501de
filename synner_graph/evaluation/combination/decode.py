"""From what stands behind the spans of a sentence to its entities."""

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.combination.pool import Pool
from synner_graph.heads.decode import best_non_overlapping


def decode(
    pool: Pool, null: float = 1.0, temperature: float | None = None
) -> list[tuple[Entity, ...]]:
    """Choose entities: of all sets in which no spans overlap the one that gains the most, exactly.

    A span gains what stands behind its best label minus what stands behind its being no entity. On
    a tie between a label and no entity it is none; of labels with equally much behind them it has
    the first in alphabetical order; of equally good sets it is one of the fewest spans, and among
    these the leftmost (`best_non_overlapping`).

    Args:
        pool: What stands behind the spans of every sentence.
        null: Multiplies what stands behind no entity: below 1 more spans are entities.
        temperature: Of the scores; see `Support.share`.

    Returns:
        The entities of every sentence, in order, each scored with the share of its label.
    """
    chosen = []
    for spans in pool:
        places = list(spans)
        labels = [support.best for support in spans.values()]
        gains = [
            support.labels[label] - null * support.null
            for support, label in zip(spans.values(), labels, strict=True)
        ]
        best = best_non_overlapping(places, gains)
        row = ((places[i], labels[i]) for i in best)
        chosen.append(
            tuple(
                Entity(*span, label, spans[span].share(label, temperature)) for span, label in row
            )
        )
    return chosen


def candidates(
    pool: Pool, threshold: float, temperature: float | None = None
) -> list[tuple[Entity, ...]]:
    """List every span and label with at least that score, in order; see `decode`."""
    found = []
    for spans in pool:
        scored = [
            Entity(*span, label, support.share(label, temperature))
            for span, support in spans.items()
            for label in support.labels
        ]
        found.append(tuple(sorted(e for e in scored if (e.score or 0.0) >= threshold)))
    return found
