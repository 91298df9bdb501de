"""Batches of units of similar length, in an order drawn anew for every epoch.

A unit is what must not be torn apart: a sentence, or the sentences of a document.
"""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

from synner_graph.data.batching import Unit
from synner_graph.data.documents import parts
from synner_graph.data.sentence import Sentence

PART_TOKENS = 128
"""Tokens in a part of a document, unless another number is asked for."""


def training_units(
    sentences: Sequence[Sentence], documents: bool, part_tokens: int | None = None
) -> list[Unit]:
    """Cut sentences into what a model learns from at once: sentences, or parts of documents.

    Short parts leave room for many documents in a batch.

    Args:
        sentences: Of the training split.
        documents: Whether the model reads documents.
        part_tokens: The most tokens in a part; default PART_TOKENS.
    """
    if documents:
        return list(parts(sentences, part_tokens or PART_TOKENS))
    return [[sentence] for sentence in sentences]


class LengthGroupedBatches:
    """Batches of units of similar length, in an order drawn anew for every epoch.

    Args:
        units: What is put into batches.
        batch_size: Sentences in a batch; a longer unit is a batch by itself.
        seed: Of the draw.
        pool: Batches whose units are sorted together; larger saves more padding and mixes less.
    """

    def __init__(self, units: Sequence[Unit], batch_size: int, seed: int, pool: int = 50) -> None:
        self.lengths = [sum(map(len, unit)) for unit in units]
        self.sizes = [len(unit) for unit in units]
        self.batch_size = batch_size
        self.seed = seed
        self.pool = pool
        self._drawn = lru_cache(maxsize=2)(self._draw)

    def sentences(self, rows: Sequence[int] | None = None) -> int:
        """Count the sentences of the units in `rows`, or of all units."""
        return sum(self.sizes if rows is None else (self.sizes[row] for row in rows))

    def count(self, epoch: int) -> int:
        """Count the batches of an epoch."""
        return len(self._drawn(epoch))

    def total(self, epochs: int) -> int:
        """Count the batches of the first `epochs` epochs."""
        return sum(map(self.count, range(1, epochs + 1)))

    def epoch(self, number: int) -> Iterator[list[int]]:
        """Yield the batches of an epoch, as rows of the units; every row comes exactly once."""
        yield from self._drawn(number)

    def _draw(self, epoch: int) -> list[list[int]]:
        draw = random.Random(f"{self.seed}-{epoch}")
        rows = list(range(len(self.lengths)))
        draw.shuffle(rows)
        pool = self.batch_size * self.pool
        batches: list[list[int]] = []
        for start in range(0, len(rows), pool):
            group = sorted(rows[start : start + pool], key=lambda row: self.lengths[row])
            batches.extend(self._cut(group))
        draw.shuffle(batches)
        return batches

    def _cut(self, rows: Sequence[int]) -> Iterator[list[int]]:
        batch: list[int] = []
        for row in rows:
            if batch and self.sentences(batch) + self.sizes[row] > self.batch_size:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch
