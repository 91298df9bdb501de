"""A training that SIGKILL ends, at moments that nobody chose, goes on to the same weights."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fixtures import outcome
from tests.places import ROOT, SAMPLE

SENTENCES = {"train": 12, "dev": 6}
KILLS = 10
TINY = {
    "--encoder.character_size": 8,
    "--encoder.character_embedding_size": 8,
    "--gnn.size": 12,
    "--recurrent.size": 10,
    "--epochs": 3,
    "--batch-size": 4,
    "--learning-rate": 0.01,
}

# The imports take longer than the trainings. So one process imports once, and forks for each
# command line: what is killed is a process of its own all the same.
SERVER = """
import os, runpy, sys
import synner_graph.cli, synner_graph.training.run, synner_graph.cli.train

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.argv = ["cli.py", *line.split()]
        sys.stdout = sys.stderr = open(os.devnull, "w")
        runpy.run_path("cli.py", run_name="__main__")
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Runs command lines, each in a process of its own."""

    def __init__(self, cache: Path) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "SYNNER_CACHE_DIR": str(cache)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, arguments: list[str], kill_after: float | None = None) -> int:
        """The exit status of a command line; -9 if it was killed in time."""
        server = self.server
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(" ".join(arguments) + "\n")
        child = int(server.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it has ended
                os.kill(child, signal.SIGKILL)
        return int(server.stdout.readline())


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    commands = Commands(tmp_path / "cache")
    yield commands
    commands.server.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="forks")
@pytest.mark.parametrize("parser", [[], ["--parser", "biaffine", "--jackknife", "2"]])
def test_killed_at_random_moments(
    parser: list[str], commands: Commands, tiny_transformer: Path, tmp_path: Path
) -> None:
    options = [str(value) for pair in TINY.items() for value in pair]
    for split, size in SENTENCES.items():
        blocks = (SAMPLE / f"{split}.conllu").read_text(encoding="utf-8").split("\n\n")[:size]
        (tmp_path / f"{split}.conllu").write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
        options += [f"--{split}", str(tmp_path / f"{split}.conllu")]
    options += ["--encoder", str(tiny_transformer), *parser, "--checkpoint-every", "1"]
    options += ["--device", "cpu", "--graph-backend", "torch", "--kernel", "naive"]

    def command(folder: Path) -> list[str]:
        return ["-q", "train", *options, "--output", str(folder)]

    assert commands.run(command(tmp_path / "warm")) == 0
    started = time.perf_counter()
    assert commands.run(command(tmp_path / "whole")) == 0
    seconds = time.perf_counter() - started
    expected = outcome(tmp_path / "whole")
    draw = random.Random(0)
    for number in range(KILLS):
        folder = tmp_path / f"killed-{number}"
        moment = draw.uniform(0, seconds)
        while (status := commands.run(command(folder), kill_after=moment)) == 0:
            moment *= 0.8  # it was faster this time
            folder = folder.with_name(f"{folder.name}-again")
        assert status == -signal.SIGKILL
        assert commands.run([*command(folder), "--resume"]) == 0, f"killed after {moment:.2f} s"
        assert outcome(folder) == expected, f"killed after {moment:.2f} s"
