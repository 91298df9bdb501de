"""Disks that fail: the n-th write, fsync or rename of a command, for n = 1, 2, ... until it passes.

Whatever fails, one sentence says so, what was there before stays or what is new is whole, and the
same command given again ends with what an undisturbed one gives.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from synner_graph import files
from synner_graph.cli.app import app
from synner_graph.errors import InputError
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.recogniser.synner import SynNER
from synner_graph.training import checkpoint
from tests.cli.conftest import gold_file as gold_file
from tests.faults.records import cells, difference
from tests.faults.tally import Tally, tally
from tests.places import SAMPLE

GRID = """
title = "Is anything lost?"
seeds = [1]
[settings]
encoder = {{ name = "characters", character_size = 8 }}
recurrent = {{ size = 6 }}
gnn = {{ name = "none" }}
data = {{ train = "{train}", dev = "{dev}" }}
training = {{ epochs = 1, batch_size = 4 }}
[rows.one]
[rows.two]
recurrent.size = 7
"""
DEV = str(SAMPLE / "dev.conllu")
TINY = ("--encoder=characters", "--gnn-dim=12", "--recurrent.size=10", "--epochs=2")
TINY += ("--encoder.character_size=8", "--batch-size=4", "--device=cpu", "--kernel=naive")
PLACES = ("--device", "cpu", "--graph-backend", "torch", "--kernel", "naive")
STEPS = ("fsync", "replace", "rename")

EACH = pytest.param(1, marks=pytest.mark.faults)
SOME = pytest.param(7, marks=pytest.mark.slow)
every = pytest.mark.parametrize("stride", [EACH, SOME])
NAMES = {errno.ENOSPC: "ENOSPC", errno.EIO: "EIO"}
errors = pytest.mark.parametrize("code", NAMES, ids=NAMES.values())


@dataclass
class Disk:
    """Counts what is done to the disk, and fails at one of it."""

    at: int
    code: int
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise OSError(self.code, os.strerror(self.code))

    def fails(self, original: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.step()
            return original(*arguments, **options)

        return call

    def writing(self, original: Any) -> Any:
        """Fail below `_File.write`, which says of what the system says which file it was."""

        def call(file: files._File, data: Any) -> int:
            with files._saying(str(file.name)):
                self.step()
            return int(original(file, data))

        return call


@contextmanager
def failing(at: int, code: int) -> Iterator[Disk]:
    disk = Disk(at, code)
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, disk.fails(getattr(os, name)))
        patch.setattr(files._File, "write", disk.writing(files._File.write))
        patch.setattr(checkpoint, "save_file", disk.fails(checkpoint.save_file))
        yield disk


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["-q", *map(str, arguments)])


@dataclass
class Disturbed:
    """A command with each fault, one after the other.

    Attributes:
        stride: Every so-many-th step of the disk fails.
        code: With this error.
        counts: Gets the faults.
        exits: The exit codes of a command that failed.
    """

    stride: int
    code: int
    counts: Tally
    exits: tuple[int, ...] = (2,)

    def __call__(self, *arguments: object) -> Iterator[bool]:
        """Yield whether the command failed, and end when no fault is left.

        The caller checks what there is, and puts everything back before the next.
        """
        at = 1
        while True:
            with failing(at, self.code) as disk:
                result = run(*arguments)
            passed = disk.steps < at
            assert passed or at < 10_000
            if result.exit_code:
                assert not passed and result.exit_code in self.exits, result.output
                lines = [line for line in result.stderr.splitlines() if line]
                # A study says it of a cell as it happens, and once more at its end.
                assert len(lines) == 1 or result.exit_code == 1
                assert os.strerror(self.code) in lines[-1] and "cannot write" in lines[-1]
            self.counts.injected += not passed
            yield result.exit_code != 0
            self.counts.survived += not passed
            if passed:
                return
            at += self.stride


def weights(folder: Path) -> bytes:
    return RunFolder(folder).read()["model.safetensors"]


@errors
@every
def test_train(stride: int, code: int, few: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ("train", "--train", few["train"], "--dev", few["dev"], *TINY)
    command += ("--checkpoint-every", "2", "-o")
    assert run(*command, tmp_path / "whole").exit_code == 0
    whole = weights(tmp_path / "whole")
    failures = 0
    with tally("train", NAMES[code]) as counts:
        for failed in Disturbed(stride, code, counts)(*command, folder):
            if failed:
                failures += 1
                loads(folder)
                again = run(*command, folder, "--resume")
                assert again.exit_code == 0, again.output
            counts.differ(difference(whole, weights(folder)))
            assert weights(folder) == whole
            assert not (folder / ".save").exists() and not (folder / ".training").exists()
            shutil.rmtree(folder)
    assert failures


def loads(folder: Path) -> None:
    """What a broken training has left is a run that loads, or is said not to be one."""
    try:
        SynNER.from_pretrained(folder)
    except InputError as error:
        assert "is not a complete run" in str(error) or "There is no run folder" in str(error)


@errors
@every
def test_predict(stride: int, code: int, text_run: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "texts.txt", tmp_path / "out.jsonl"
    texts = [f"Angela Merkel met Bob{number} in Oslo." for number in range(2_000)]
    source.write_text("\n".join(texts) + "\n", encoding="utf-8")
    command = ("predict", text_run, "-i", source, "-o")
    assert run(*command, tmp_path / "whole.jsonl").exit_code == 0
    whole = (tmp_path / "whole.jsonl").read_bytes()
    output.write_bytes(b"old")
    with tally("predict", NAMES[code]) as counts:
        for failed in Disturbed(stride, code, counts)(*command, output):
            assert output.read_bytes() in ((b"old", whole) if failed else (whole,))
            if failed and output.read_bytes() == b"old":
                part = Path(f"{output}.part")
                again = run(*command, output, *(["--resume"] if part.exists() else []))
                assert again.exit_code == 0, again.output
            found = output.read_bytes()
            counts.compare(texts, [json.loads(line)["text"] for line in found.splitlines()])
            assert found == whole
            output.write_bytes(b"old")


@errors
@every
def test_convert(stride: int, code: int, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    command = ("data", "convert", DEV)
    assert run(*command, tmp_path / "whole.jsonl").exit_code == 0
    whole = (tmp_path / "whole.jsonl").read_bytes()
    output.write_bytes(b"old")
    with tally("data convert", NAMES[code]) as counts:
        for failed in Disturbed(stride, code, counts)(*command, output):
            assert output.read_bytes() in ((b"old", whole) if failed else (whole,))
            assert sorted(path.name for path in tmp_path.iterdir()) == [output.name, "whole.jsonl"]
            if output.read_bytes() != whole:
                assert run(*command, output).exit_code == 0
            counts.compare(whole.splitlines(), output.read_bytes().splitlines())
            assert output.read_bytes() == whole
            output.write_bytes(b"old")


@errors
@every
def test_combine(
    stride: int, code: int, text_run: Path, small_run: Path, gold_file: Path, tmp_path: Path
) -> None:
    folder, output = tmp_path / "combined", tmp_path / "out.jsonl"
    command = ("combine", text_run, small_run, "--method", "mean", "--input", gold_file)
    ways = ("--save", folder, "--output", output)
    assert run(*command, *ways).exit_code == 0
    whole, kept = output.read_bytes(), RunFolder(folder).read()
    shutil.rmtree(folder)
    output.write_bytes(b"old")
    with tally("combine", NAMES[code]) as counts:
        for failed in Disturbed(stride, code, counts)(*command, *ways):
            assert output.read_bytes() in ((b"old", whole) if failed else (whole,))
            if failed:
                if saved(folder):  # what failed came after
                    assert RunFolder(folder).read() == kept
                    shutil.rmtree(folder)
                again = run(*command, *ways)
                assert again.exit_code == 0, again.output
            counts.compare(whole.splitlines(), output.read_bytes().splitlines())
            assert output.read_bytes() == whole and RunFolder(folder).read() == kept
            shutil.rmtree(folder)
            output.write_bytes(b"old")


def saved(folder: Path) -> bool:
    """Whether a folder holds a combination; it is whole then."""
    return folder.exists() and RunFolder(folder).transaction.manifest() is not None


@errors
@every
def test_study(stride: int, code: int, few: dict[str, Path], tmp_path: Path) -> None:
    grid, results = tmp_path / "tiny.toml", tmp_path / "results"
    grid.write_text(GRID.format(**few), encoding="utf-8")
    command = ("study", grid, "--runs", tmp_path / "runs", *PLACES, "--results")
    assert run(*command, tmp_path / "whole").exit_code == 0
    whole = cells(tmp_path / "whole/tiny.json")
    with tally("study", NAMES[code]) as counts:
        for failed in Disturbed(stride, code, counts, exits=(1, 2))(*command, results):
            if failed:
                again = run(*command, results)
                assert again.exit_code == 0, again.output
            found = cells(results / "tiny.json")
            counts.compare(whole, found)
            assert sorted(found) == sorted(whole)
            shutil.rmtree(results)
