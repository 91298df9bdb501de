"""Batches of sentences of similar length, in an order drawn anew for every epoch."""

import random
from collections.abc import Iterator, Sequence


class LengthGroupedBatches:
    """Batches of sentences of similar length, in an order drawn anew for every epoch.

    Args:
        lengths: tokens of each sentence.
        batch_size: sentences in a batch.
        seed: of the draw.
        pool: batches whose sentences are sorted together; larger saves more padding and mixes less.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, pool: int = 50) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.pool = pool

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def epoch(self, number: int) -> Iterator[list[int]]:
        """The batches of an epoch, as rows of `lengths`; every row comes exactly once."""
        draw = random.Random(f"{self.seed}-{number}")
        rows = list(range(len(self.lengths)))
        draw.shuffle(rows)
        size, pool = self.batch_size, self.batch_size * self.pool
        batches: list[list[int]] = []
        for start in range(0, len(rows), pool):
            group = sorted(rows[start : start + pool], key=lambda row: self.lengths[row])
            batches.extend(group[first : first + size] for first in range(0, len(group), size))
        draw.shuffle(batches)
        yield from batches
