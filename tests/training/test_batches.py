"""Batches of sentences of similar length."""

from collections.abc import Iterable

from synner_graph.data.batching import Unit
from synner_graph.data.documents import whole
from synner_graph.data.sentence import Sentence
from synner_graph.training.batches import LengthGroupedBatches, training_units

LENGTHS = tuple((7 * row) % 23 + 1 for row in range(101))


def units_of(lengths: Iterable[int]) -> list[Unit]:
    """Sentences of these lengths, each a unit."""
    return [[Sentence(["x"] * length)] for length in lengths]


UNITS = units_of(LENGTHS)


def test_every_row_comes_once_an_epoch() -> None:
    batches = LengthGroupedBatches(UNITS, batch_size=8, seed=1, pool=3)
    for epoch in (1, 2):
        rows = [row for batch in batches.epoch(epoch) for row in batch]
        assert sorted(rows) == list(range(101))


def test_counts_its_batches() -> None:
    batches = LengthGroupedBatches(UNITS, batch_size=8, seed=1, pool=3)
    assert batches.count(1) == len(list(batches.epoch(1))) == 13
    assert batches.total(3) == 39
    assert batches.sentences() == 101


def test_epochs_differ_and_repeat_with_the_seed() -> None:
    batches, again, other = (LengthGroupedBatches(UNITS, 8, seed) for seed in (1, 1, 2))
    assert list(batches.epoch(1)) == list(again.epoch(1))
    assert list(batches.epoch(1)) != list(batches.epoch(2))
    assert list(batches.epoch(1)) != list(other.epoch(1))


def test_a_batch_holds_similar_lengths() -> None:
    batches = LengthGroupedBatches(UNITS, batch_size=8, seed=1)
    longest = sum(max(LENGTHS[row] for row in batch) * 8 for batch in batches.epoch(1))
    assert longest < 1.15 * sum(LENGTHS)


def test_parts_of_documents_fill_batches() -> None:
    sentences = [
        Sentence(["x"] * length, document=str(row // 17)) for row, length in enumerate(LENGTHS)
    ]
    units = training_units(sentences, documents=True, part_tokens=30)
    assert [whole(s) for unit in units for s in unit] == sentences
    assert any(len(unit) > 1 for unit in units)
    assert all(len(unit) == 1 or sum(map(len, unit)) <= 30 for unit in units)
    assert training_units(sentences, documents=False) == [[s] for s in sentences]

    batches = LengthGroupedBatches(units, batch_size=6, seed=1, pool=3)
    for epoch in (1, 2):
        found = list(batches.epoch(epoch))
        assert sorted(row for batch in found for row in batch) == list(range(len(units)))
        assert all(batches.sentences(batch) <= 6 or len(batch) == 1 for batch in found)
        assert batches.count(epoch) == len(found)
    assert batches.sentences() == 101
    assert batches.total(2) == batches.count(1) + batches.count(2)
