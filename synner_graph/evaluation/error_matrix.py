"""Which type is read as which, with the right tokens and with others: errors as a matrix."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.mistakes import MISSED, SPURIOUS, find_mistakes

NONE = "none"
"""The column of gold entities that nothing was found for, and the row of spurious ones."""


@dataclass(frozen=True)
class ErrorMatrix:
    """Pairs of gold and predicted entities, counted by their labels.

    Attributes:
        labels: Of gold or predicted entities, sorted.
        same_tokens: Pairs with the same tokens: [gold, predicted] -> count. The diagonal is what is
            right. Entities without a partner stand here, with None for the other side.
        other_tokens: Pairs that share some tokens only. The diagonal has wrong boundaries alone.
    """

    labels: tuple[str, ...]
    same_tokens: dict[tuple[str | None, str | None], int]
    other_tokens: dict[tuple[str | None, str | None], int]

    def kinds(self) -> dict[str, int]:
        """Count the pairs by what is wrong with them."""
        kinds = Counter(
            {"correct": 0, "type": 0, "boundary": 0, "type and boundary": 0, MISSED: 0, SPURIOUS: 0}
        )
        for (gold, found), count in self.same_tokens.items():
            kinds[_alone(gold, found) or ("correct" if gold == found else "type")] += count
        for (gold, found), count in self.other_tokens.items():
            kinds["boundary" if gold == found else "type and boundary"] += count
        return dict(kinds)

    def rows(self, other_tokens: bool = False) -> list[list[int]]:
        """The counts of one of the two matrices, gold labels down, predicted ones across.

        Returns:
            *Shape:* [labels, labels]; of `same_tokens` with a row and a column more, for none.
        """
        if other_tokens:
            return self._table(self.other_tokens, self.labels)
        return self._table(self.same_tokens, (*self.labels, None))

    @staticmethod
    def _table(
        counts: dict[tuple[str | None, str | None], int], labels: Sequence[str | None]
    ) -> list[list[int]]:
        return [[counts.get((gold, found), 0) for found in labels] for gold in labels]


def error_matrix(
    gold: Iterable[Sequence[Entity]], predicted: Iterable[Sequence[Entity]]
) -> ErrorMatrix:
    """Pair the entities of each sentence, and count the pairs.

    Every entity belongs to one pair at most: with its equal, else as in `find_mistakes` (the same
    tokens, then the same label and some tokens), else with the one of another label that shares
    most tokens.

    Args:
        gold: Entities of every sentence.
        predicted: As many sentences, in the same order.

    Raises:
        ValueError: The two do not have equally many sentences.
    """
    same: Counter[tuple[str | None, str | None]] = Counter()
    other: Counter[tuple[str | None, str | None]] = Counter()
    labels: set[str] = set()
    for wanted, found in zip(gold, predicted, strict=True):
        left, right = set(wanted), set(found)
        labels.update(entity.label for entity in left | right)
        same.update((entity.label, entity.label) for entity in left & right)
        if left == right:
            continue
        missed, spurious = [], []
        for mistake in find_mistakes(left, right):
            one, two = mistake.gold, mistake.predicted
            if one is not None and two is not None:
                together = (one.start, one.end) == (two.start, two.end)
                (same if together else other)[one.label, two.label] += 1
            elif one is not None:
                missed.append(one)
            elif two is not None:
                spurious.append(two)
        for one, two in _overlapping(missed, spurious):
            missed.remove(one)
            spurious.remove(two)
            other[one.label, two.label] += 1
        same.update((entity.label, None) for entity in missed)
        same.update((None, entity.label) for entity in spurious)
    return ErrorMatrix(tuple(sorted(labels)), dict(same), dict(other))


def _overlapping(missed: Sequence[Entity], spurious: Sequence[Entity]) -> list[tuple[Entity, ...]]:
    """Pair entities that share tokens, those that share most first."""
    shared = [(min(a.end, b.end) - max(a.start, b.start), a, b) for a in missed for b in spurious]
    pairs: list[tuple[Entity, ...]] = []
    taken: set[int] = set()
    for tokens, one, two in sorted(shared, key=lambda row: (-row[0], row[1], row[2])):
        if tokens > 0 and not {id(one), id(two)} & taken:
            taken |= {id(one), id(two)}
            pairs.append((one, two))
    return pairs


def _alone(gold: str | None, found: str | None) -> str:
    return MISSED if found is None else SPURIOUS if gold is None else ""
