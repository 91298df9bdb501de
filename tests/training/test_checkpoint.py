"""Checkpoints: written whole, read whole, the last two kept."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from synner_graph.config import RunConfig
from synner_graph.encoders.base import ConcatEncoder
from synner_graph.files import WriteError
from synner_graph.training import checkpoint as module
from synner_graph.training.checkpoint import (
    Checkpoints,
    DamagedSnapshot,
    read_snapshot,
    write_snapshot,
)
from synner_graph.training.interval import Interval
from synner_graph.training.learner import Learner
from synner_graph.training.loop import Position


@pytest.fixture
def learner() -> Learner:
    model = nn.Linear(3, 2)
    model.encoder = ConcatEncoder([])
    return Learner(model, RunConfig(), 10, Accelerator(cpu=True))


def saved(folder: Path, learner: Learner, numbers: int) -> Checkpoints:
    checkpoints = Checkpoints(folder, learner.accelerator)
    for epoch in range(1, numbers + 1):
        checkpoints.save(1, learner, Position(epoch=epoch))
    return checkpoints


class Clock:
    """Stands for the time; each checkpoint takes some of it.

    Attributes:
        now: Seconds.
        written: When each checkpoint was begun.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float, takes: float = 0) -> None:
        self.now, self.takes = now, takes
        self.written: list[float] = []
        monkeypatch.setattr(module.time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(Checkpoints, "_write", self._write)

    def _write(self, *_: object) -> None:
        self.written.append(self.now)
        self.now += self.takes


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_snapshot_comes_back_to_the_bit(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 5), "b": torch.tensor(7), "c": torch.randn(4).bfloat16()}
    record = {"loss": 0.1 + 0.2, "words": ["ä"], "nothing": None}
    write_snapshot(tmp_path / "one", record, tensors)
    found, weights = read_snapshot(tmp_path / "one")
    assert found == record
    assert weights.keys() == tensors.keys()
    assert all(torch.equal(weights[name], tensor) for name, tensor in tensors.items())
    write_snapshot(tmp_path / "one", {}, {})
    assert read_snapshot(tmp_path / "one") == ({}, {})
    assert names(tmp_path) == ["one"]


@pytest.mark.parametrize("name", ["tensors.safetensors", "record.json", "seal.json"])
def test_what_is_missing_is_named(name: str, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "one", {}, {})
    (tmp_path / "one" / name).unlink()
    with pytest.raises(DamagedSnapshot, match=f"one/{name} is damaged: .*No such file"):
        read_snapshot(tmp_path / "one")


def test_a_snapshot_that_is_not_ready_is_none(
    tmp_path: Path, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, learner, 1)

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "sync", killed)
    with pytest.raises(KeyboardInterrupt):
        Checkpoints(tmp_path, learner.accelerator).save(1, learner, Position(epoch=2))
    monkeypatch.undo()
    assert names(tmp_path) == [".checkpoint-00000002.draft", "checkpoint-00000001"]
    again = Checkpoints(tmp_path, learner.accelerator)
    assert again.find() and again.restore(1, learner).epoch == 1
    again.save(1, learner, Position(epoch=2))
    assert names(tmp_path) == ["checkpoint-00000001", "checkpoint-00000002"]


def test_the_last_two_are_kept(tmp_path: Path, learner: Learner) -> None:
    saved(tmp_path, learner, 12)
    assert names(tmp_path) == ["checkpoint-00000011", "checkpoint-00000012"]
    again = Checkpoints(tmp_path, learner.accelerator)
    assert again.find()
    assert again.restore(1, learner) == Position(epoch=12)
    again.save(1, learner, Position(epoch=13))
    assert names(tmp_path) == ["checkpoint-00000012", "checkpoint-00000013"]


def test_a_checkpoint_of_another_stage_is_left_alone(tmp_path: Path, learner: Learner) -> None:
    saved(tmp_path, learner, 3)
    again = Checkpoints(tmp_path, learner.accelerator)
    assert again.find()
    assert again.restore(2, learner) == Position()
    assert again.restore(1, learner) == Position(), "by now the weights are those of stage 2"


def test_the_seconds_of_a_run_go_on(tmp_path: Path, learner: Learner) -> None:
    checkpoints = saved(tmp_path, learner, 1)
    checkpoints._seconds_before = 100
    checkpoints.save(1, learner, Position())
    again = Checkpoints(tmp_path, learner.accelerator)
    assert 0 < again.seconds < 100
    assert again.find() and again.seconds > 100


@pytest.mark.parametrize(("every", "written"), [(None, 0), (1, 7), (3, 2), (8, 0)])
def test_steps_are_counted(
    every: int | None, written: int, tmp_path: Path, learner: Learner
) -> None:
    interval = None if every is None else Interval(steps=every)
    checkpoints = Checkpoints(tmp_path, learner.accelerator, interval)
    for batch in range(1, 8):
        checkpoints.after_step(1, learner, Position(batch=batch))
    assert max([0, *(int(name[-8:]) for name in names(tmp_path))]) == written


def test_time_is_counted(tmp_path: Path, learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, 1000.0)
    checkpoints = Checkpoints(tmp_path, learner.accelerator, Interval(seconds=60))
    for time in range(1010, 1200, 25):
        clock.now = time
        checkpoints.after_step(1, learner, Position())
    assert clock.written == [1060, 1135]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (None, [1000, 1600]),  # each takes 10 s, which is 2 % of 500
        (Interval(steps=99), [*range(1000, 2100, 100)]),
        (Interval(seconds=99), [*range(1000, 2100, 100)]),
    ],
)
def test_they_take_little_of_the_time(
    every: Interval | None,
    expected: list[int],
    tmp_path: Path,
    learner: Learner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, 990.0, takes=10)
    checkpoints = Checkpoints(tmp_path, learner.accelerator, every)
    for number in range(1000, 2100, 100):
        clock.now = max(clock.now, float(number))
        checkpoints.after_epoch(1, learner, Position())
    assert clock.written == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, [300, 600]), (12, [300, 912])])
def test_long_epochs_are_kept_on_their_way(
    seconds: float,
    expected: list[float],
    tmp_path: Path,
    learner: Learner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every five minutes, or as often as takes 2 % of the time."""
    clock = Clock(monkeypatch, 0.0, takes=seconds)
    checkpoints = Checkpoints(tmp_path, learner.accelerator)
    while clock.now < 920:
        clock.now += 1
        checkpoints.after_step(1, learner, Position())
    assert clock.written[:2] == pytest.approx(expected, abs=2)


@pytest.mark.parametrize(("processes", "asked"), [(1, 25), (2, 2)])
def test_several_processes_ask_for_the_time_now_and_then(
    processes: int,
    asked: int,
    tmp_path: Path,
    learner: Learner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    questions: list[float] = []
    monkeypatch.setattr(Checkpoints, "_rested", lambda self, seconds: questions.append(seconds))
    together = cast(Accelerator, SimpleNamespace(num_processes=processes))
    checkpoints = Checkpoints(tmp_path, together)
    for batch in range(25):
        checkpoints.after_step(1, learner, Position(batch=batch))
    assert len(questions) == asked


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, learner: Learner) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    checkpoints = Checkpoints(tmp_path / "file", learner.accelerator)
    with pytest.raises(WriteError, match=r"cannot write .*checkpoint-00000001: Not a directory"):
        checkpoints.save(1, learner, Position())
