"""`bench train` and `bench predict`, as they are typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from synner_graph.benchmarking import workload
from tests.cli.conftest import Run
from tests.places import ROOT


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "LEARNED", 1)
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)


SMALL = ("--sentences", 9, "--batch-size", 4, "--rounds", 1, "--threads", 1, "--no-memory")


@pytest.mark.parametrize("task", ["train", "predict"])
def test_as_json(run: Run, task: str, tiny_transformer: Path) -> None:
    result = run("bench", task, *SMALL, "--encoder", tiny_transformer, "--head=span", "--json")
    assert result.exit_code == 0, result.output
    assert "measured on the bundled sample" in result.stderr
    found = json.loads(result.stdout)
    assert (found["task"], found["dataset"], found["head"]) == (task, "sample", "span")
    assert (found["sentences"], found["batch_size"], found["threads"]) == (9, 4, 1)
    assert found["ratios"].keys() == {"sentences_per_second"}


def test_as_a_table(run: Run, tiny_transformer: Path) -> None:
    result = run("bench", "predict", *SMALL, "--encoder", tiny_transformer, "--dataset", "sample")
    assert result.exit_code == 0, result.output
    for word in ("orthography", "recurrent", "padded sub-words", "outside encoder and optimiser"):
        assert word in result.stdout
    assert "measured on the bundled sample" not in result.stderr


def test_raw_text(run: Run, tiny_transformer: Path) -> None:
    result = run("bench", "predict", *SMALL, "--raw", "--encoder", tiny_transformer)
    assert result.exit_code == 0, result.output
    for word in ("tokenise", "parse", "unsorted", "times that of unsorted"):
        assert word in result.stdout


def test_document_context(run: Run, tiny_transformer: Path) -> None:
    documents = ("--context", "document", "--window", 30)
    result = run("bench", "train", *SMALL, *documents, "--encoder", tiny_transformer)
    assert result.exit_code == 0, result.output
    assert "times that of sentence" in result.stdout
    refused = run("bench", "train", *SMALL, "--window", 30, "--encoder", tiny_transformer)
    assert refused.exit_code == 2
    assert "--window has no effect: it needs --context document" in refused.stderr


def test_what_cannot_be_compared_is_refused(run: Run) -> None:
    result = run("bench", "train", *SMALL, "--encoder", "characters")
    assert result.exit_code == 2
    assert "expected a transformer as encoder" in result.stderr


@pytest.mark.slow
def test_both_learn_in_mixed_precision(tiny_transformer: Path) -> None:
    # In a process of its own: accelerate keeps to the first precision of one.
    options = [*SMALL, "--encoder", tiny_transformer, "--mixed-precision", "bf16", "--json"]
    command = [sys.executable, str(ROOT / "cli.py"), "bench", "train", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["mixed_precision"] == "bf16" and found["ratios"]["sentences_per_second"] > 0
