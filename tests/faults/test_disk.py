"""Disks that fail: the n-th write, fsync or rename of a command, for n = 1, 2, ... until it passes.

Whatever fails, one sentence says so, what was there before stays or what is new is whole, and the
same command given again ends with what an undisturbed one gives.
"""

import errno
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
from tests.places import SAMPLE

DEV = str(SAMPLE / "dev.conllu")
TINY = ("--encoder=characters", "--gnn-dim=12", "--recurrent.size=10", "--epochs=2")
TINY += ("--encoder.character_size=8", "--batch-size=40", "--device=cpu", "--kernel=naive")
TRAIN = ("train", "--train", DEV, "--dev", DEV, *TINY, "--checkpoint-every", "2")
STEPS = ("fsync", "replace", "rename")

EACH = pytest.param(1, marks=pytest.mark.faults)
SOME = pytest.param(7, marks=pytest.mark.slow)
every = pytest.mark.parametrize("stride", [EACH, SOME])
errors = pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])


@dataclass
class Disk:
    """Counts what is done to the disk, and fails at one of it."""

    at: int
    code: int
    steps: int = 0

    def fails(self, original: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.steps += 1
            if self.steps == self.at:
                raise OSError(self.code, os.strerror(self.code))
            return original(*arguments, **options)

        return call


@contextmanager
def failing(at: int, code: int) -> Iterator[Disk]:
    disk = Disk(at, code)
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, disk.fails(getattr(os, name)))
        patch.setattr(files._File, "write", disk.fails(files._File.write))
        yield disk


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["-q", *map(str, arguments)])


def disturbed(stride: int, code: int, *arguments: object) -> Iterator[bool]:
    """Run a command with each fault; yield whether it failed, and end when no fault is left.

    The caller puts everything back before the next.
    """
    at = 1
    while True:
        with failing(at, code) as disk:
            result = run(*arguments)
        passed = disk.steps < at
        assert passed or at < 10_000
        if result.exit_code:
            assert not passed and result.exit_code == 2, result.output
            assert result.stderr.count("\n") == 1 and os.strerror(code) in result.stderr
        yield result.exit_code != 0
        if passed:
            return
        at += stride


def weights(folder: Path) -> bytes:
    return RunFolder(folder).read()["model.safetensors"]


@errors
@every
def test_train(stride: int, code: int, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(*TRAIN, "-o", tmp_path / "whole").exit_code == 0
    whole = weights(tmp_path / "whole")
    failures = 0
    for failed in disturbed(stride, code, *TRAIN, "-o", folder):
        if failed:
            failures += 1
            loads(folder)
            again = run(*TRAIN, "-o", folder, "--resume")
            assert again.exit_code == 0, again.output
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
    source.write_text("Angela Merkel met Bob in Oslo.\n" * 3_000, encoding="utf-8")
    command = ("predict", text_run, "-i", source, "-o")
    assert run(*command, tmp_path / "whole.jsonl").exit_code == 0
    whole = (tmp_path / "whole.jsonl").read_bytes()
    output.write_bytes(b"old")
    for failed in disturbed(stride, code, *command, output):
        assert output.read_bytes() in ((b"old", whole) if failed else (whole,))
        if failed and output.read_bytes() == b"old":
            part = Path(f"{output}.part")
            again = run(*command, output, *(["--resume"] if part.exists() else []))
            assert again.exit_code == 0, again.output
        assert output.read_bytes() == whole
        output.write_bytes(b"old")


@errors
@every
def test_convert(stride: int, code: int, tmp_path: Path) -> None:
    output = tmp_path / "out.conll2003"
    command = ("data", "convert", DEV)
    assert run(*command, tmp_path / "whole.conll2003").exit_code == 0
    whole = (tmp_path / "whole.conll2003").read_bytes()
    output.write_bytes(b"old")
    for failed in disturbed(stride, code, *command, output):
        assert output.read_bytes() in ((b"old", whole) if failed else (whole,))
        assert sorted(path.name for path in tmp_path.iterdir()) == [output.name, "whole.conll2003"]
        output.write_bytes(b"old")
