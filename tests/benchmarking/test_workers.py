"""The speed of workers: every text is named once, each time."""

import json
from pathlib import Path

from typer.testing import CliRunner

from synner_graph.cli.app import app


def test_every_text_is_named_each_time(text_run: Path) -> None:
    work = ["--workers", "1,2", "--texts", "50", "--chunk", "500"]
    result = CliRunner().invoke(app, ["bench", "workers", str(text_run), *work, "--json"])
    assert result.exit_code == 0, result.output
    one, two = json.loads(result.stdout)
    assert (one["workers"], two["workers"]) == (1, 2)
    assert one["sentences"] == two["sentences"] >= 50
    assert one["speed_up"] == 1
    assert 0 < one["main_seconds"] < one["seconds"]
    assert two["speed_up"] == two["sentences_per_second"] / one["sentences_per_second"]


def test_numbers_that_are_none(text_run: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "workers", str(text_run), "--workers", "1,x"])
    assert result.exit_code == 2 and "expected whole numbers such as 1,2" in result.stderr
