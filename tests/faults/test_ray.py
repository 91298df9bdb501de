"""SIGKILL while Ray names: actors start anew, and what a main process left is gone on with."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from typer.testing import CliRunner

from synner_graph.cli.app import app
from tests.faults.tally import tally
from tests.places import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
pytest.importorskip("ray")

ALL = pytest.mark.faults
SOME = pytest.mark.slow
TEXTS = [f"Angela Merkel met Bob{number} Smith in Oslo." for number in range(12_000)]
AT_ONCE = 3
"""Kills in one run: a block that is begun once more often is given up."""
STARTS = 3
PLACES = ("--device", "cpu", "--graph-backend", "torch", "--kernel", "naive")
SHARDS = ("--shard-size", "2000")


@pytest.fixture
def command(text_run: Path, tmp_path: Path) -> list[str]:
    """All but the output and what names."""
    source = tmp_path / "texts.txt"
    source.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return ["-q", "predict", str(text_run), "-i", str(source), *PLACES]


@pytest.fixture
def whole(command: list[str], tmp_path: Path) -> bytes:
    """What one process writes."""
    torch.set_num_threads(1)
    path = tmp_path / "whole.jsonl"
    assert CliRunner().invoke(app, [*command, "-o", str(path)]).exit_code == 0
    return path.read_bytes()


def with_ray(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start the command with two actors, and wait until it has some.

    On a busy machine Ray may give up to start, which the command says with exit code 2.
    """
    options = ["--engine", "ray", "--workers", "2", *SHARDS, "-o", str(folder)]
    program = [sys.executable, "cli.py", *command, *options]
    for _ in range(STARTS):
        main = subprocess.Popen(program, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
        while main.poll() is None:
            if actors(main):
                return main
            time.sleep(0.05)
        assert main.returncode == 2
    raise AssertionError("it ended before it had an actor")


def actors(main: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes of actors, by the names that Ray gives them."""
    found = []
    for child in psutil.Process(main.pid).children(recursive=True):
        try:
            words = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        if words and words[0].startswith("ray::_Actor"):
            found.append(child)
    return found


def joined(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("shard-*")))


def texts_of(content: bytes) -> list[str]:
    return [json.loads(line)["text"] for line in content.splitlines()]


@pytest.mark.parametrize("kills", [pytest.param(20, marks=ALL), pytest.param(2, marks=SOME)])
def test_an_actor(kills: int, command: list[str], whole: bytes, tmp_path: Path) -> None:
    draw = random.Random(0)
    with tally("predict --engine ray, actor", "SIGKILL") as counts:
        for number in range(kills):
            if counts.injected == kills:
                break
            folder = tmp_path / f"named-{number}"
            main = with_ray(command, folder)
            injected = 0
            while injected < min(AT_ONCE, kills - counts.injected) and main.poll() is None:
                time.sleep(draw.uniform(0, 3))
                if main.poll() is None and (victims := actors(main)):
                    draw.choice(victims).kill()
                    injected += 1
            assert main.wait() == 0
            counts.injected += injected
            found = joined(folder)
            counts.compare(TEXTS, texts_of(found))
            assert found == whole
            counts.survived += injected
        assert counts.injected


@pytest.mark.parametrize("kills", [pytest.param(20, marks=ALL), pytest.param(1, marks=SOME)])
def test_the_main_process(kills: int, command: list[str], whole: bytes, tmp_path: Path) -> None:
    draw = random.Random(1)
    with tally("predict --engine ray, main process", "SIGKILL") as counts:
        for number in range(kills):
            folder = tmp_path / f"named-{number}"
            main = with_ray(command, folder)
            started = actors(main)
            time.sleep(draw.uniform(0, 5))
            main.kill()
            assert main.wait() in (-9, 0)
            counts.injected += 1
            _, alive = psutil.wait_procs(started, timeout=120)
            assert not alive, "an actor outlives its main process"
            again = [*command, *SHARDS, "-o", str(folder), "--resume"]
            result = CliRunner().invoke(app, again)
            assert result.exit_code == 0, result.output
            found = joined(folder)
            counts.compare(TEXTS, texts_of(found))
            assert found == whole
            counts.survived += 1
