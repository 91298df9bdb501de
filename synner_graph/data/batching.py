"""Choose which units are read together: units of like length, so that little is padded.

A unit is what must not be torn apart: a sentence, or a document. Batches are rows of units.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from synner_graph.data.sentence import Sentence

Unit = Sequence[Sentence]
T = TypeVar("T")


BATCH_SIZE = 128
"""Sentences that a model reads at once, at most."""
BATCH_TOKENS = 2048
"""Tokens that it reads at once, at most: enough to keep a processor busy."""
BATCHES = 16
"""Batches whose sentences are held at a time, to put those of like length together."""


def by_sentences(
    units: Sequence[Unit], size: int, tokens: int = BATCH_TOKENS
) -> Iterator[list[int]]:
    """Group units into batches of at most `size` sentences and `tokens` tokens.

    A unit beyond either is a batch by itself.
    """
    batch: list[int] = []
    sentences = total = 0
    lengths = [sum(map(len, unit)) for unit in units]
    for row in sorted(range(len(units)), key=lengths.__getitem__):
        sentences += len(units[row])
        total += lengths[row]
        if batch and (sentences > size or total > tokens):
            yield batch
            batch, sentences, total = [], len(units[row]), lengths[row]
        batch.append(row)
    if batch:
        yield batch


def by_size(sentences: Iterable[Sentence], size: int) -> Iterator[list[Sentence]]:
    """Cut sentences into runs of `size`, in order; the last may have fewer."""
    rest = iter(sentences)
    while batch := list(islice(rest, size)):
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


def in_batches(
    units: Sequence[Unit],
    batches: Iterable[Sequence[int]],
    work: Callable[[list[Sentence]], Iterable[T]],
) -> list[list[T]]:
    """Do something with the sentences of one batch after the other.

    Args:
        units: What must not be torn apart.
        batches: Rows of units; each row is in one.
        work: Gives one thing for each sentence of a batch, in order.

    Returns:
        What it gave, by unit, in the order of the units.
    """
    found: dict[int, list[T]] = {}
    for rows in batches:
        things = iter(work([sentence for row in rows for sentence in units[row]]))
        found |= {row: list(islice(things, len(units[row]))) for row in rows}
    return [found[row] for row in range(len(units))]
