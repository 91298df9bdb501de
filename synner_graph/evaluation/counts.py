"""Count gold, predicted and correct entities, by kind and sentence."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import Entity

Counts = NDArray[np.int32]
"""Gold, predicted and correct entities of each sentence. *Shape:* [sentences, 3]"""

Sides = tuple[bool, bool, bool]
"""Whether an entity is gold, predicted, and both."""


def with_sides(
    gold: Iterable[Entity], predicted: Iterable[Entity]
) -> Iterator[tuple[Entity, Sides]]:
    """Yield each entity of a sentence once, with its sides."""
    left, right = set(gold), set(predicted)
    for entity in left | right:
        is_gold, is_predicted = entity in left, entity in right
        yield entity, (is_gold, is_predicted, is_gold and is_predicted)


def count(
    kinds: Sequence[int], rows: Sequence[int], sides: Sequence[Sides], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Count entities by kind and sentence.

    Args:
        kinds: The number of each entity's kind.
        rows: The number of its sentence.
        sides: Those of each entity.
        shape: How many kinds and sentences there are.

    Returns:
        Gold, predicted and correct entities. *Shape:* [kinds, sentences, 3]
    """
    counts = np.zeros((*shape, 3), np.int32)
    places = np.array(kinds, np.intp), np.array(rows, np.intp)
    np.add.at(counts, places, np.array(sides, np.int32).reshape(-1, 3))
    return counts
