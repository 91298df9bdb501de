"""`--precision` and `bench precision`, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from synner_graph.benchmarking import workload
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with all instructions."""
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)


def test_predict_and_eval_compute_in_less(run: Run, trained_run: Path, tmp_path: Path) -> None:
    named = [tmp_path / f"{name}.jsonl" for name in ("float32", "bfloat16", "int8")]
    for path in named:
        file = ("--input", "datasets/sample/test.conllu", "--limit", 8, "--output", path)
        result = run("predict", trained_run, *file, "--precision", path.stem)
        assert result.exit_code == 0, result.output
    assert len({path.read_text() for path in named}) == 3  # scores differ
    sample = ("--dataset", "sample", "--split", "test")
    result = run("eval", trained_run, *sample, "--precision", "auto", "--json")
    assert result.exit_code == 0, result.output
    assert "Precision: " in result.stderr


def test_what_the_processor_lacks(
    refused: Callable[..., str], trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    assert "avx512_vnni" in refused("predict", trained_run, "A text.", "--precision", "int8")


def test_bench_precision(run: Run, trained_run: Path) -> None:
    result = run("bench", "precision", trained_run, "--threads", 1, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [row["precision"] for row in rows] == 2 * ["float32", "bfloat16", "int8"]
    assert [row["split"] for row in rows] == 3 * ["dev"] + 3 * ["test"]
    for row in rows:
        assert (row["changed"] == 0) or row["precision"] != "float32"
        assert 0 <= row["changed"] < 1 and row["sentences_per_second"] > 0


def test_bench_predict(run: Run, tiny_transformer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workload, "LEARNED", 1)
    small = ("--sentences", 6, "--batch-size", 3, "--rounds", 1, "--threads", 1, "--no-memory")
    precisions = ("--precision", "auto", "--peer-precision", "bfloat16")
    encoder = ("--dataset", "sample", "--encoder", tiny_transformer)
    result = run("bench", "predict", *small, *precisions, *encoder, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["precision"], found["peer_precision"]) == ("bfloat16", "bfloat16")
