"""`study`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

from synner_graph.study.results import write_records
from tests.cli.conftest import Run
from tests.places import SAMPLE
from tests.study.test_pooling import records_of, study

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
    head = "| row | weights from scratch | seeds | dev F1 [95 %, documents] | dev F1 - none "
    assert done.stdout.startswith(head)
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


def test_pooled_with_a_study_of_another_corpus(run: Run, tmp_path: Path) -> None:
    for name, corpus in (("en", "uner-ewt"), ("zh", "uner-zh-gsd")):
        text = (
            f'title = "t"\ncontrol = "lstm"\ntest = true\nseeds = [1, 2]\n[settings]\n'
            f'data.dataset = "{corpus}"\n[rows.lstm]\nrecurrent.name = "lstm"\n[rows.gcn]\n'
        )
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        plan = study(corpus, ("lstm", "gcn"), seeds=[1, 2]).grid
        write_records(tmp_path / f"{name}.json", records_of(plan))
    command = ("study", tmp_path / "en.toml", "--results", tmp_path)
    pool_with = ("--pool", tmp_path / "zh.toml")
    table = run(*command, "--report", *pool_with)
    assert table.exit_code == 0, table.output
    assert table.stdout.startswith("| row | scored on | uner-ewt: test F1 - lstm [95 %, sentences]")
    (row,) = json.loads(run(*command, "--report", *pool_with, "--json").stdout)
    assert row["row"] == "gcn" and row["trees"] == "given trees" and row["p"] == row["p_holm"]
    assert row["low"] < row["value"] < row["high"]
    refused = run(*command, *pool_with)
    assert refused.exit_code == 2 and "say --report, too" in refused.stderr
