"""`calibrate`, as it is typed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from tests.cli.conftest import Run


@pytest.fixture
def copy(trained_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_run, tmp_path / "run"))


def test_on_a_file(run: Run, copy: Path, small_corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "dev.conllu"
    write_sentences(path, small_corpus.splits["dev"])
    result = run("calibrate", copy, "--input", path, "--json")
    assert result.exit_code == 0, result.output
    stored = json.loads((copy / "calibration.json").read_text(encoding="utf-8"))
    printed = json.loads(result.stdout)
    assert {name: printed[name] for name in stored} == stored
    assert list(stored["splits"]) == ["dev"] and stored["temperature"] > 0


def test_on_the_corpus_of_the_run(run: Run, copy: Path) -> None:
    result = run("calibrate", copy)
    assert result.exit_code == 0, result.output
    assert "dev" in result.stdout and "test" in result.stdout


def test_a_run_that_does_not_tell(refused: Callable[..., str], copy: Path) -> None:
    (copy / "metrics.json").unlink()
    assert "does not tell what the run was trained on" in refused("calibrate", copy)
