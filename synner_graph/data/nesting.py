"""Find nested entities, and make them flat on request."""

from itertools import pairwise
from typing import Literal

from synner_graph.data.sentence import Entity, Sentence

Keep = Literal["innermost", "outermost"]


def is_nested(sentence: Sentence) -> bool:
    """Say whether two entities of the sentence share a token."""
    return any(right.start < left.end for left, right in pairwise(sentence.entities))


def flatten(sentence: Sentence, keep: Keep) -> tuple[Sentence, int]:
    """Where entities share a token, keep the shortest or the longest one; of equals the first.

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
