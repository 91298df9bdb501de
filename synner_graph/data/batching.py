"""Choose which units are read together: units of like length, so that little is padded.

A unit is what must not be torn apart: a sentence, or a document. Batches are rows of units.
"""

from collections.abc import Iterable, Iterator, Sequence

from synner_graph.data.sentence import Sentence

Unit = Sequence[Sentence]


def by_sentences(units: Sequence[Unit], size: int) -> Iterator[list[int]]:
    """Group units into batches of at most `size` sentences; a longer unit is a batch by itself."""
    batch: list[int] = []
    total = 0
    for row in sorted(range(len(units)), key=lambda row: sum(map(len, units[row]))):
        if batch and total + len(units[row]) > size:
            yield batch
            batch, total = [], 0
        batch.append(row)
        total += len(units[row])
    if batch:
        yield batch


def by_cost(costs: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group units so that the highest cost in a batch, times its size, stays within a budget.

    A unit beyond the budget is a batch by itself.

    Args:
        costs: The cost of each unit.
        budget: In the same measure.
    """
    batch: list[int] = []
    for row in sorted(range(len(costs)), key=lambda row: costs[row]):
        if batch and (len(batch) + 1) * costs[row] > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def windows(units: Iterable[Unit], sentences: int) -> Iterator[list[Unit]]:
    """Cut the units into runs of at least `sentences` sentences; the last may have fewer."""
    window: list[Unit] = []
    total = 0
    for unit in units:
        window.append(unit)
        total += len(unit)
        if total >= sentences:
            yield window
            window, total = [], 0
    if window:
        yield window
