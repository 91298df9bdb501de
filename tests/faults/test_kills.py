"""SIGKILL at moments that nobody chose: the command, given again, ends as if nothing had been."""

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.commands import Commands
from tests.faults.commands import commands as started
from tests.faults.records import cells, difference
from tests.faults.tally import tally
from tests.fixtures import outcome

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks")

PARSERS = {"plain": (), "jackknife": ("--parser", "biaffine", "--jackknife", "2")}
PLACES = ("--device", "cpu", "--graph-backend", "torch", "--kernel", "naive")
TINY = {
    "--encoder.character_size": 8,
    "--encoder.character_embedding_size": 8,
    "--gnn.size": 12,
    "--recurrent.size": 10,
    "--epochs": 3,
    "--batch-size": 4,
    "--learning-rate": 0.01,
}
GRID = """
title = "Is anything lost?"
seeds = [1, 2]
[settings]
encoder = {{ name = "characters", character_size = 8 }}
recurrent = {{ size = 6 }}
gnn = {{ size = 5 }}
data = {{ train = "{train}", dev = "{dev}" }}
training = {{ epochs = 2, batch_size = 4 }}
[rows.none]
gnn.name = "none"
[rows.gcn]
gnn.name = "gcn"
"""

ALL = pytest.mark.faults
SOME = pytest.mark.slow


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    with started(tmp_path) as running:
        yield running


def undisturbed(commands: Commands, *arguments: object) -> float:
    """The seconds that a command takes."""
    began = time.perf_counter()
    assert commands.run(*arguments) == 0
    return time.perf_counter() - began


@pytest.mark.parametrize(
    ("parser", "kills"),
    [
        pytest.param("plain", 20, marks=ALL),
        pytest.param("jackknife", 10, marks=ALL),
        *(pytest.param(parser, 1, marks=SOME) for parser in PARSERS),
    ],
)
def test_training(
    parser: str,
    kills: int,
    commands: Commands,
    few: dict[str, Path],
    tiny_transformer: Path,
    tmp_path: Path,
) -> None:
    options = [value for pair in TINY.items() for value in pair]
    options += [value for split, path in few.items() for value in (f"--{split}", path)]
    options += ["--encoder", tiny_transformer, *PARSERS[parser], *PLACES]

    def command(folder: Path) -> list[object]:
        return ["-q", "train", *options, "--checkpoint-every", "1", "--output", folder]

    undisturbed(commands, *command(tmp_path / "warm"))
    seconds = undisturbed(commands, *command(tmp_path / "whole"))
    expected = outcome(tmp_path / "whole")
    draw = random.Random(0)
    with tally(f"train, {parser}", "SIGKILL") as counts:
        for number in range(kills):
            folder = tmp_path / f"killed-{number}"
            moment = draw.uniform(0, seconds)
            while (status := commands.run(*command(folder), kill_after=moment)) == 0:
                moment = draw.uniform(0, commands.took)  # it was faster this time
                folder = folder.with_name(f"{folder.name}-again")
            assert status == -9
            counts.injected += 1
            assert commands.run(*command(folder), "--resume") == 0, f"killed after {moment:.2f} s"
            found = outcome(folder)
            counts.differ(
                difference(*(files["model.safetensors"] for files in (expected[0], found[0])))
            )
            assert found == expected, f"killed after {moment:.2f} s"
            counts.survived += 1


@pytest.mark.parametrize("kills", [pytest.param(20, marks=ALL), pytest.param(1, marks=SOME)])
@pytest.mark.parametrize("victim", ["one process", "main process", "worker"])
def test_prediction(
    victim: str, kills: int, commands: Commands, text_run: Path, tmp_path: Path
) -> None:
    texts = [f"Angela Merkel met Bob{number} Smith in Oslo." for number in range(12_000)]
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(texts) + "\n", encoding="utf-8")

    def command(output: Path) -> list[object]:
        how = [] if victim == "one process" else ["--workers", "2"]
        return ["-q", "predict", text_run, "-i", source, "-o", output, *how, *PLACES]

    seconds = undisturbed(commands, *command(tmp_path / "whole.jsonl"))
    whole = (tmp_path / "whole.jsonl").read_bytes()
    draw = random.Random(0)
    name = "predict" if victim == "one process" else f"predict --workers, {victim}"
    with tally(name, "SIGKILL") as counts:
        for number in range(kills):
            output = tmp_path / f"killed-{number}.jsonl"
            again = [*command(output), "--resume"]
            moment = draw.uniform(0, seconds)
            worker = victim == "worker"
            while (status := commands.run(*again, kill_after=moment, worker=worker)) == 0:
                moment = draw.uniform(0, commands.took)
                output.unlink()
            assert status == (2 if worker else -9)
            counts.injected += 1
            assert commands.run(*again) == 0, f"killed after {moment:.2f} s"
            found = output.read_bytes()
            counts.compare(texts, [json.loads(line)["text"] for line in found.splitlines()])
            assert found == whole, f"killed after {moment:.2f} s"
            counts.survived += 1


@pytest.mark.parametrize("kills", [pytest.param(20, marks=ALL), pytest.param(2, marks=SOME)])
def test_study(kills: int, commands: Commands, few: dict[str, Path], tmp_path: Path) -> None:
    grid = tmp_path / "tiny.toml"
    grid.write_text(GRID.format(**few), encoding="utf-8")

    def command(name: str) -> list[object]:
        places = ("--results", tmp_path / name, "--runs", tmp_path / f"runs-{name}")
        return ["-q", "study", grid, *places, "--checkpoint-every", "1", *PLACES]

    undisturbed(commands, *command("warm"))
    seconds = undisturbed(commands, *command("whole"))
    expected = cells(tmp_path / "whole/tiny.json")
    assert len(expected) == 4
    draw = random.Random(0)
    with tally("study", "SIGKILL") as counts:
        for number in range(kills):
            name = f"killed-{number}"
            moment = draw.uniform(0, seconds)
            while (status := commands.run(*command(name), kill_after=moment)) == 0:
                moment = draw.uniform(0, commands.took)
                name += "-again"
            assert status == -9
            counts.injected += 1
            assert commands.run(*command(name)) == 0, f"killed after {moment:.2f} s"
            found = cells(tmp_path / name / "tiny.json")
            counts.compare(expected, found)
            assert sorted(found) == sorted(expected), f"killed after {moment:.2f} s"
            counts.survived += 1
