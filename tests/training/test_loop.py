"""The loop: records of epochs, the best one, patience."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import pytest
from torch import nn

from synner_graph.config import TrainingConfig
from synner_graph.training.batches import LengthGroupedBatches
from synner_graph.training.loop import Position, run_epochs
from tests.training.test_batches import units_of


class Recorder:
    """Learns nothing and remembers what it was to learn from."""

    def __init__(self) -> None:
        self.model = nn.Dropout()
        self.seen: list[list[int]] = []

    def learn(self, rows: Sequence[int], sentences: Any, collate: Any) -> float:
        assert self.model.training
        self.seen.append(list(rows))
        return sum(rows) / 3


class Loop:
    """Five sentences in batches of two, with all that the loop calls."""

    def __init__(self, position: Position, **settings: Any) -> None:
        self.learner = Recorder()
        self.batches = LengthGroupedBatches(units_of((3, 1, 4, 1, 5)), batch_size=2, seed=1)
        self.settings = TrainingConfig(**settings)
        self.position = position
        self.bars: list[tuple[int, int]] = []
        self.notes: list[str] = []
        self.after: Callable[[], None] = lambda: None

    @contextmanager
    def bar(self, epoch: int, done: int) -> Iterator[Callable[[str], None]]:
        self.bars.append((epoch, done))
        yield self.notes.append

    def records(self) -> Iterator[dict[str, Any]]:
        return run_epochs(
            self.learner,  # type: ignore[arg-type]
            self.batches,
            lambda rows: pytest.fail("the learner alone makes batches"),
            self.settings,
            self.position,
            self.bar,
            lambda: self.after(),
        )


def test_an_epoch_is_every_batch_of_it() -> None:
    loop = Loop(Position(), epochs=2)
    records = []
    for record in loop.records():
        loop.learner.model.eval()  # as scoring does
        records.append(record)
    assert [record["epoch"] for record in records] == [1, 2]
    assert [record["loss"] for record in records] == pytest.approx([10 / 3 / 5] * 2)
    expected = [*loop.batches.epoch(1), *loop.batches.epoch(2)]
    assert loop.learner.seen == expected
    assert loop.bars == [(1, 0), (2, 0)]
    mean = f"loss {records[0]['loss']:.4f}"
    assert loop.notes[2] == loop.notes[5] == mean  # the log line of the epoch says the same
    resumed = Loop(Position(1, 1, sum(loop.learner.seen[0]) / 3), epochs=1)
    assert next(resumed.records())["loss"] == pytest.approx(10 / 3 / 5)
    assert resumed.notes[-1] == mean


@pytest.mark.parametrize("stop", range(1, 7))
def test_any_step_is_a_place_to_go_on_from(stop: int) -> None:
    whole = Loop(Position(), epochs=2)
    records = list(whole.records())
    found: list[Position] = []
    loop = Loop(Position(), epochs=2)
    loop.after = lambda: found.append(replace(loop.position))
    list(loop.records())
    rest = Loop(found[stop - 1], epochs=2)
    again = list(rest.records())
    assert rest.learner.seen == whole.learner.seen[stop:]
    losses = [record["loss"] for record in records]
    assert [record["loss"] for record in again] == losses[-len(again) :]
    assert rest.bars[0] == ((stop - 1) // 3 + 1, (stop - 1) % 3 + 1)


def test_the_best_epoch_has_the_best_score_and_a_tie_is_no_gain() -> None:
    position = Position()
    better = []
    for epoch, score in enumerate([10.0, 30.0, 20.0, 30.0, 5.0], 1):
        better.append(position.add({"epoch": epoch}, score))
    assert better == [True, True, False, False, False]
    assert (position.best_epoch, position.best_score) == (2, 30.0)
    assert [record["epoch"] for record in position.history] == [1, 2, 3, 4, 5]


def test_without_scores_the_latest_epoch_is_the_best() -> None:
    position = Position()
    assert [position.add({"epoch": epoch}, None) for epoch in (1, 2)] == [True, True]
    assert position.best_epoch == 2


def test_patience_ends_the_loop() -> None:
    loop = Loop(Position(), epochs=9, patience=3)
    scores = iter([10.0, 30.0, 20.0, 30.0, 5.0])
    for record in loop.records():
        loop.position.add(record, next(scores))
    assert len(loop.position.history) == 5, "three epochs without a gain end the training"
    assert loop.position.waited(3) and not loop.position.waited(4)
    assert list(loop.records()) == [], "and it does not begin again"


def test_nothing_is_left_after_the_last_epoch() -> None:
    loop = Loop(Position(epoch=3), epochs=2)
    assert list(loop.records()) == [] and loop.learner.seen == []


def test_a_position_is_plain_values() -> None:
    position = Position(2, 1, 0.1 + 0.2, 3.5, [{"epoch": 1, "loss": 0.3}], 12.5, 1)
    assert Position(**json.loads(json.dumps(asdict(position)))) == position
