"""Batches of sentences of similar length."""

from synner_graph.training.batches import LengthGroupedBatches

LENGTHS = tuple((7 * row) % 23 + 1 for row in range(101))


def test_every_row_comes_once_an_epoch() -> None:
    batches = LengthGroupedBatches(LENGTHS, batch_size=8, seed=1, pool=3)
    for epoch in (1, 2):
        rows = [row for batch in batches.epoch(epoch) for row in batch]
        assert sorted(rows) == list(range(101))


def test_counts_its_batches() -> None:
    batches = LengthGroupedBatches(LENGTHS, batch_size=8, seed=1, pool=3)
    assert len(batches) == len(list(batches.epoch(1))) == 13


def test_epochs_differ_and_repeat_with_the_seed() -> None:
    batches, again, other = (LengthGroupedBatches(LENGTHS, 8, seed) for seed in (1, 1, 2))
    assert list(batches.epoch(1)) == list(again.epoch(1))
    assert list(batches.epoch(1)) != list(batches.epoch(2))
    assert list(batches.epoch(1)) != list(other.epoch(1))


def test_a_batch_holds_similar_lengths() -> None:
    batches = LengthGroupedBatches(LENGTHS, batch_size=8, seed=1)
    longest = sum(max(LENGTHS[row] for row in batch) * 8 for batch in batches.epoch(1))
    assert longest < 1.15 * sum(LENGTHS)
