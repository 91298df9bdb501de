"""Checkpoints: all that a killed training needs to go on as if nothing had happened."""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import gather_object
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from synner_graph.errors import InputError
from synner_graph.files import WriteError, growing, sync
from synner_graph.training.distributed import on_main
from synner_graph.training.interval import Interval
from synner_graph.training.learner import Learner
from synner_graph.training.loop import Position
from synner_graph.training.randomness import random_states, restore_random_states

RECORD = "record.json"
TENSORS = "tensors.safetensors"
SEAL = "seal.json"
KEPT = 2
SHARE = 0.02
"""Of a training's time that its checkpoints take, unless the user says when to write them."""
PAUSE = 300.0
"""Seconds until one is written within an epoch, unless the user says another time."""
ASKED = 10
"""Steps after which several processes ask the first one for the time: each waits for its answer."""

logger = logging.getLogger(__name__)


class DamagedSnapshot(InputError):
    """A snapshot is not what was written."""


class Checkpoints:
    """The checkpoints of a run, the last two of which are kept.

    Args:
        folder: Where they lie.
        accelerator: What knows the processes and holds the model.
        every: How often to write one within an epoch; then one is written at the end of each epoch,
            too. None: at ends of epochs and every PAUSE seconds, but never so often that they take
            more than SHARE of the time.
    """

    def __init__(
        self, folder: Path, accelerator: Accelerator, every: Interval | None = None
    ) -> None:
        self.folder = folder
        self.accelerator = accelerator
        self.every = every
        self._found: Path | None = None
        self._started = self._written = time.perf_counter()
        self._took = 0.0
        self._seconds_before = 0.0
        self._steps = 0

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken: those up to its checkpoint, and those of this program."""
        return self._seconds_before + time.perf_counter() - self._started

    def find(self) -> bool:
        """Look for the newest checkpoint that is whole, and return whether there is one.

        A damaged one is named in the log and removed.
        """
        self._found, self._seconds_before = on_main(self.accelerator, self._newest)
        return self._found is not None

    def restore(self, stage: int, learner: Learner) -> Position:
        """Return where a stage of the run stands: at the checkpoint found, or at its beginning.

        Args:
            stage: Number of the training within the run: those of parsers come first.
            learner: Gets the weights of the checkpoint, if it is one of this stage.
        """
        path, self._found = self._found, None
        if path is None:
            return Position()
        record, tensors = read_snapshot(path)
        if record["stage"] != stage:
            return Position()
        learner.restore(tensors, record["learner"])
        self._restore_random_states(record)
        position = Position(**record["position"])
        logger.info(
            "Going on from %s: epoch %d, %d batches done",
            *(path.name, position.epoch, position.batch),
        )
        return position

    def after_step(self, stage: int, learner: Learner, position: Position) -> None:
        """Write a checkpoint, if it is time for one."""
        self._steps += 1
        every = self.every
        if every is not None and every.steps is not None:
            due = self._steps >= every.steps
        elif self.accelerator.num_processes > 1 and self._steps % ASKED:
            due = False
        else:
            seconds = None if every is None else every.seconds
            due = self._rested(max(PAUSE, self._took / SHARE) if seconds is None else seconds)
        if due:
            self.save(stage, learner, position)

    def after_epoch(self, stage: int, learner: Learner, position: Position) -> None:
        """Write a checkpoint, unless they would take too much of the time."""
        if self.every is not None or self._rested(self._took / SHARE):
            self.save(stage, learner, position)

    def _rested(self, seconds: float) -> bool:
        """Return whether so many seconds have passed since the last checkpoint."""
        return on_main(self.accelerator, lambda: time.perf_counter() - self._written >= seconds)

    def save(self, stage: int, learner: Learner, position: Position) -> None:
        """Write a checkpoint, then remove all but the last two.

        Raises:
            WriteError: It cannot be written.
        """
        began = time.perf_counter()
        record = {
            "stage": stage,
            "position": asdict(position),
            "learner": learner.record(),
            "random": self._random_states(),
            "seconds": self.seconds,
        }
        on_main(self.accelerator, lambda: self._write(record, learner))
        self._steps, self._written = 0, time.perf_counter()
        self._took = self._written - began

    def result(self, stage: int) -> dict[str, Any] | None:
        """Return what `save_result` kept of a stage; None where the stage has to be done.

        Where it returns something, the random states are set to those after the stage. A damaged
        result is named in the log.
        """
        path = on_main(self.accelerator, lambda: self._whole(self._result_path(stage)))
        if path is None:
            return None
        record, _ = read_snapshot(path)
        self._restore_random_states(record)
        return record

    def save_result(self, stage: int, result: dict[str, Any]) -> None:
        """Keep what came out of a stage that is done.

        Args:
            stage: Its number.
            result: What JSON can hold.

        Raises:
            WriteError: It cannot be written.
        """
        record = result | {"random": self._random_states()}
        on_main(self.accelerator, lambda: write_snapshot(self._result_path(stage), record, {}))

    def _random_states(self) -> list[dict[str, Any]]:
        """Gather the random states of every process."""
        states: list[dict[str, Any]] = gather_object([random_states(self.accelerator.device)])
        return states

    def _restore_random_states(self, record: Mapping[str, Any]) -> None:
        states = record["random"][self.accelerator.process_index]
        restore_random_states(states, self.accelerator.device)

    def _result_path(self, stage: int) -> Path:
        return self.folder / f"result-{stage}"

    def _write(self, record: dict[str, Any], learner: Learner) -> None:
        paths = self._paths()
        number = _number(paths[-1]) + 1 if paths else 1
        write_snapshot(self.folder / f"checkpoint-{number:08}", record, learner.tensors())
        for path in self._paths()[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)

    def _newest(self) -> tuple[Path | None, float]:
        for path in reversed(self._paths()):
            if self._whole(path) is not None:
                return path, read_snapshot(path)[0]["seconds"]
        return None, 0.0

    def _whole(self, path: Path) -> Path | None:
        """Return the path of a snapshot if it is whole; remove it if it is damaged."""
        if not path.exists():
            return None
        try:
            read_snapshot(path)
        except DamagedSnapshot as error:
            logger.warning("%s: it is not used", error)
            shutil.rmtree(path, ignore_errors=True)
            return None
        return path

    def _paths(self) -> list[Path]:
        """List all checkpoints, the newest last."""
        return sorted(self.folder.glob("checkpoint-[0-9]*"), key=_number)


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def write_snapshot(path: Path, record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write a folder of tensors and JSON, whole or not at all.

    Args:
        path: The folder; one of that name is replaced.
        record: What JSON can hold.
        tensors: Name -> tensor; it may be empty.

    Raises:
        WriteError: It cannot be written.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        save_file(dict(tensors), draft / TENSORS)
        sync(draft / TENSORS)
        with growing(draft / RECORD) as file:
            file.write(json.dumps(record).encode())
        seal = {name: _stamp(draft / name) for name in (TENSORS, RECORD)}
        with growing(draft / SEAL) as file:
            file.write(json.dumps(seal).encode())
        sync(draft)
        if path.exists():
            shutil.rmtree(path)
        draft.rename(path)
        sync(path.parent)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise WriteError(f"cannot write {path}: {error}") from error


def read_snapshot(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read what `write_snapshot` wrote.

    Raises:
        DamagedSnapshot: A file is missing, or differs in size or digest from what was written.
    """
    try:
        seal = json.loads((path / SEAL).read_bytes())
        stamps = {name: (int(seal[name][0]), str(seal[name][1])) for name in (TENSORS, RECORD)}
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise DamagedSnapshot(f"{path / SEAL} is damaged: {error}") from error
    for name, (size, digest) in stamps.items():
        try:
            found_size, found_digest = _stamp(path / name)
        except OSError as error:
            raise DamagedSnapshot(f"{path / name} is damaged: {error.strerror}") from error
        if found_size != size:
            raise DamagedSnapshot(
                f"{path / name} is damaged: expected {size} bytes, got {found_size}"
            )
        if found_digest != digest:
            raise DamagedSnapshot(f"{path / name} is damaged: its SHA-256 differs")
    return json.loads((path / RECORD).read_bytes()), load_file(path / TENSORS)


def _stamp(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest
