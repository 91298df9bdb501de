"""`study`, as it is typed."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Run
from tests.places import SAMPLE

DEV = SAMPLE / "dev.conllu"
GRID = f"""
title = "Does it run?"
control = "none"
seeds = [1]
[settings]
encoder = {{ name = "characters", character_size = 8 }}
recurrent = {{ size = 6 }}
gnn = {{ size = 5 }}
data = {{ train = {str(DEV)!r}, dev = {str(DEV)!r}, train_subset = 20 }}
training = {{ epochs = 1 }}
[rows.none]
gnn.name = "none"
[rows.gcn]
"""


def test_run_then_report(run: Run, tmp_path: Path) -> None:
    grid = tmp_path / "tiny.toml"
    grid.write_text(GRID, encoding="utf-8")
    places = ("--results", tmp_path / "results", "--runs", tmp_path / "runs")
    missing = run("study", grid, *places, "--missing")
    assert missing.stdout.splitlines() == ["none, seed 1", "gcn, seed 1"]
    done = run("--quiet", "study", grid, *places, "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("| row | weights from scratch | seeds | dev F1 | dev F1 - none ")
    assert (tmp_path / "results" / "tiny.json").is_file()
    report = run("study", grid, *places, "--report")
    assert report.stdout == done.stdout
    assert run("study", grid, *places, "--missing").stdout == "\n"


def test_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    grid = tmp_path / "tiny.toml"
    grid.write_text(GRID, encoding="utf-8")
    places = ("--results", tmp_path / "results")
    assert refused("study", grid, *places, "--row", "gat") == (
        f"There is no row 'gat' in {grid}: none, gcn."
    )
    assert "holds no results yet" in refused("study", grid, *places, "--report")
    assert refused("study", tmp_path / "no.toml").startswith("Cannot read the grid in ")


def test_a_failed_cell_is_named_and_the_exit_code_says_so(run: Run, tmp_path: Path) -> None:
    grid = tmp_path / "tiny.toml"
    grid.write_text(GRID.replace("train_subset = 20", "format = 'no'"), encoding="utf-8")
    result = run("study", grid, "--results", tmp_path, "--runs", tmp_path / "runs")
    assert result.exit_code == 1
    assert "failed: none, seed 1: " in result.stderr
