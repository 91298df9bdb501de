"""`make fuzz`, on little."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.run import RUNS, SECONDS
from tests.places import ROOT


@pytest.mark.slow
def test_results_are_written_target_by_target(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this machine")
    results, found = tmp_path / "results.json", tmp_path / "found"
    command = [sys.executable, "-m", "fuzz.run", "--results", str(results), "--found", str(found)]
    for name, limit in (("dictionary", "--runs"), ("machine-run-folder", "--seconds")):
        done = subprocess.run(
            [*command, name, limit, "50" if limit == "--runs" else "1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    values = json.loads(results.read_text("utf-8"))
    records = values["targets"]
    assert list(records) == ["dictionary", "machine-run-folder"]
    assert records["dictionary"]["inputs"] == 50
    assert 0 < records["dictionary"]["taken"] < 50
    assert records["machine-run-folder"]["inputs"] >= 10
    assert values["inputs"] == sum(record["inputs"] for record in records.values())
    assert values["uncaught"] == 0
    assert [records[name]["timed"] for name in records] == [False, True]
    assert "dictionary" not in values["missing"] and "gazetteer" in values["missing"]
    assert values["machine"]["cores"]


def test_the_defaults_are_those_of_the_page() -> None:
    assert (RUNS, SECONDS) == (200_000, 600.0)
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    assert "200,000 inputs for each reader" in page and "ten minutes for each other target" in page


def test_an_unknown_target_is_named() -> None:
    command = [sys.executable, "-m", "fuzz.run", "nothing"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and "no target nothing; there are format-conllx" in done.stderr
