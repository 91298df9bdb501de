"""State machines: folders that are written to, broken off at any step, read and gone on with.

    python -m fuzz.machines machine-run-folder --seconds 600 --found FOLDER --result FILE

Hypothesis draws the steps and shortens those that fail.
"""

import argparse
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fuzz.roundtrips import round_trips
from synner_graph import files
from synner_graph.data.corpora.catalogue import Corpus, load_corpus
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.study.grid import Grid
from synner_graph.study.results import read_records
from synner_graph.study.runner import missing_cells, run_study
from synner_graph.training.interval import Interval
from synner_graph.training.run import train
from tests.fixtures import outcome, tiny_config
from tests.places import SAMPLE

STEPS = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir")
NAMES = ("model.safetensors", "config.json", "vocabulary.json", "metrics.json", "README.md")
NEEDED = NAMES[:3]


class Killed(BaseException):
    """The process was killed: nothing that it still tries to do is done."""


class _Disk:
    """Lets a number of steps pass, and none after that, as if the process were gone."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def counted(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return original(*arguments, **options)

        return call


@contextmanager
def killed_after(steps: int) -> Iterator[None]:
    """Break off what is done in the block after so many writes, moves and the like."""
    disk = _Disk(steps)
    patches = [patch.object(os, name, disk.counted(getattr(os, name))) for name in STEPS]
    patches.append(patch.object(files._File, "write", disk.counted(files._File.write)))
    for one in patches:
        one.start()
    try:
        yield
    except Killed:
        pass
    finally:
        for one in patches:
            one.stop()


class RunFolders(RuleBasedStateMachine):
    """A run folder is the last state that was saved, or the one that was being saved."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self.run = RunFolder(self.base / "run")
        self.states: list[dict[str, bytes]] = [{}]

    def teardown(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.base, ignore_errors=True)

    contents = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=9))
    kills = st.none() | st.integers(0, 30)

    @rule(new=contents, kill=kills)
    def commit(self, new: dict[str, bytes], kill: int | None) -> None:
        """Replace the run."""
        full = {name: name.encode() for name in NEEDED} | new
        old = self.states[0]
        kept = old.get("metrics.json")
        result = dict(full)
        same = old.get(NEEDED[0]) == full[NEEDED[0]]
        if same and kept is not None and "metrics.json" not in full:
            result["metrics.json"] = kept  # it tells of the weights, which are the same
        self._do(lambda: self.run.commit(full), result, kill)

    @rule(new=contents, kill=kills)
    def update(self, new: dict[str, bytes], kill: int | None) -> None:
        """Replace some of its files."""
        if self.states[0]:
            self._do(lambda: self.run.update(new), self.states[0] | new, kill)

    def _do(self, work: Callable[[], None], after: dict[str, bytes], kill: int | None) -> None:
        if kill is None:
            work()
            self.states = [after]
            return
        with killed_after(kill):
            work()
        self.states = [self.states[0], after]
        (self.run.path / ".lock").unlink(missing_ok=True)

    @invariant()
    def one_of_two_states(self) -> None:
        """Never a mixture, and from then on the same."""
        place = self.run.path
        found = {}
        if self.run.transaction.manifest() is not None:
            found = self.run.read()
        checked = [{n: c for n, c in s.items() if n != "README.md"} for s in self.states]
        assert found in checked, f"{place}: {found} is none of {checked}"
        self.states = [self.states[checked.index(found)]]


@cache
def _corpus() -> Corpus:
    sample = load_corpus("sample")
    splits = {"train": sample.splits["train"][:9], "dev": sample.splits["dev"][:4]}
    return replace(sample, splits=splits)


def _train(folder: Path, resume: bool = True) -> None:
    config = tiny_config("characters", training__batch_size=4, training__ema=0.9)
    options: dict[str, Any] = {"backend": "torch", "device": "cpu", "kernel": "naive"}
    every = Interval(steps=1)
    train(
        config, _corpus(), folder, **options, progress=False, resume=resume, checkpoint_every=every
    )


@cache
def _uninterrupted() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        _train(Path(folder, "run"))
        return _told(Path(folder, "run"))


def _told(folder: Path) -> Any:
    """What must be the same however often a training was broken off."""
    found, metrics = outcome(folder)
    metrics.pop("provenance", None)
    return {name: found[name] for name in NEEDED}, metrics


class Resumes(RuleBasedStateMachine):
    """A training that is broken off, again and again, ends with the weights of one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def teardown(self) -> None:
        """Go on to the end, and compare."""
        try:
            _train(self.base / "run")
            assert _told(self.base / "run") == _uninterrupted()
        finally:
            shutil.rmtree(self.base, ignore_errors=True)

    @rule(steps=st.integers(0, 150))
    def broken_off(self, steps: int) -> None:
        """Train until the disk has done so many steps."""
        with killed_after(steps):
            _train(self.base / "run")
        (self.base / "run" / ".lock").unlink(missing_ok=True)


class Studies(RuleBasedStateMachine):
    """A study that is broken off runs every cell once in the end, to the same scores."""

    grid = Grid.model_validate(
        {
            "title": "",
            "seeds": [1, 2],
            "settings": {
                "encoder": {"name": "characters", "character_size": 8},
                "recurrent": {"size": 6},
                "gnn": {"size": 5},
                "data": {"dev": str(SAMPLE / "dev.conllu"), "train_subset": 6}
                | {"train": str(SAMPLE / "dev.conllu")},
                "training": {"epochs": 1},
            },
            "rows": {"gcn": {}, "none": {"gnn": {"name": "none"}}},
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def go_on(self, limit: int | None = None) -> None:
        """Run what is missing."""
        results = self.base / "results" / "grid.json"
        options: dict[str, Any] = {"device": "cpu", "backend": "torch", "kernel": "naive"}
        failed = run_study(
            self.grid, results, self.base / "runs", limit=limit, progress=False, **options
        )
        assert failed == []

    def scores(self) -> Any:
        """What the results file says of each cell."""
        records = read_records(self.base / "results" / "grid.json")
        return sorted(
            (r["row"], r["seed"], json.dumps(r["dev"]), r["per_sentence"]) for r in records
        )

    def teardown(self) -> None:
        """Go on to the end, and compare."""
        try:
            self.go_on()
            assert missing_cells(self.grid, self.base / "results" / "grid.json") == []
            assert self.scores() == _whole_study()
            assert not list((self.base / "runs").glob("*/")), "run folders stay behind"
        finally:
            shutil.rmtree(self.base, ignore_errors=True)

    @rule(steps=st.integers(0, 200))
    def broken_off(self, steps: int) -> None:
        """Run until the disk has done so many steps."""
        with killed_after(steps):
            self.go_on()

    @rule()
    def one_cell(self) -> None:
        """Train one cell."""
        self.go_on(limit=1)


@cache
def _whole_study() -> Any:
    machine = Studies()
    try:
        machine.go_on()
        return machine.scores()
    finally:
        shutil.rmtree(machine.base)


def _check(machine: type[RuleBasedStateMachine]) -> Callable[[settings], int]:
    """Make a function that runs some examples of a machine and says how many."""

    def check(how: settings) -> int:
        run_state_machine_as_test(machine, settings=how)  # type: ignore[no-untyped-call]
        return how.max_examples

    return check


MACHINES: dict[str, Callable[[settings], int]] = {
    "machine-run-folder": _check(RunFolders),
    "machine-resume": _check(Resumes),
    "machine-study": _check(Studies),
    "round-trips": round_trips,
}
"""Name -> what runs some examples, returns their number and raises what it finds."""


def how(examples: int, steps: int = 8) -> settings:
    """Return settings of hypothesis for some examples."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def main() -> None:
    """Run a machine until the time is used up, or something is found; no two runs are alike."""
    parser = argparse.ArgumentParser()
    parser.add_argument("machine", choices=MACHINES)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--found", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    cached = tempfile.mkdtemp(prefix="fuzz-cache-")
    os.environ["SYNNER_CACHE_DIR"] = cached
    began = time.monotonic()
    record: dict[str, Any] = {"inputs": 0, "uncaught": 0, "places": {}}
    while time.monotonic() - began < given.seconds and not record["uncaught"]:
        try:
            record["inputs"] += MACHINES[given.machine](how(10))
        except Exception:
            text = traceback.format_exc()
            name = hashlib.sha256(text.encode()).hexdigest()[:12]
            record |= {"uncaught": 1, "places": {text.strip().splitlines()[-1][:200]: name}}
            given.found.mkdir(parents=True, exist_ok=True)
            (given.found / f"{name}.txt").write_text(text, encoding="utf-8")
    record["taken"] = record["inputs"]
    record["seconds"] = round(time.monotonic() - began, 1)
    given.result.write_text(json.dumps(record), encoding="utf-8")
    shutil.rmtree(cached, ignore_errors=True)


if __name__ == "__main__":
    main()
