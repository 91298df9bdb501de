"""Flat entities out of nested ones, for those who ask for them."""

from typing import Literal

from synner_graph.data.sentence import Entity, Sentence

Keep = Literal["innermost", "outermost"]


def flatten(sentence: Sentence, keep: Keep) -> tuple[Sentence, int]:
    """Of entities that share a token keep the shortest, or the longest; of equals the first.

    Returns:
        The sentence, and how many entities were dropped.
    """
    sign = 1 if keep == "innermost" else -1
    kept: list[Entity] = []
    for entity in sorted(sentence.entities, key=lambda e: (sign * (e.end - e.start), e)):
        if all(entity.end <= other.start or other.end <= entity.start for other in kept):
            kept.append(entity)
    dropped = len(sentence.entities) - len(kept)
    return (sentence.replace(entities=kept) if dropped else sentence), dropped
