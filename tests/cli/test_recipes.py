"""`recipes list`, `recipes show`, `train --recipe`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.formats import write_sentences
from tests.cli.conftest import Run

NAME = "ontonotes-en-roberta-synlstm-span"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The beginning of the sample in the place of OntoNotes."""
    folder = tmp_path / "data"
    (folder / "ontonotes-en").mkdir(parents=True)
    for split, sentences in load_corpus("sample").splits.items():
        write_sentences(folder / "ontonotes-en" / f"{split}.sd.conllx", sentences[:20])
    return folder


def test_list_and_show(run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    table = run("recipes", "list", "--data-dir", data_dir).stdout
    assert NAME in table and "P 90.30 R 91.35 F1 90.82" in table and "corpus conll2003" in table
    rows = {row["name"]: row for row in json.loads(run("recipes", "list", "--json").stdout)}
    assert rows[NAME]["published"]["f1"] == 90.82
    assert rows[NAME]["config"]["recurrent"]["name"] == "syn-lstm"
    shown = run("recipes", "show", NAME, "--data-dir", data_dir).stdout
    assert "Expect 59,924 sentences in train." in shown and "hidden_size = 650" in shown
    assert "Missing: weights roberta-base (downloaded at first use)" in shown
    assert json.loads(run("recipes", "show", NAME, "--json").stdout) == rows[NAME]


def test_train_a_recipe(
    run: Run,
    data_dir: Path,
    tiny_transformer: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(
        *("train", "--recipe", NAME, "--data-dir", data_dir, "--encoder", tiny_transformer),
        *("--epochs", 1, "--gnn-dim", 12, "--device", "cpu"),
    )
    assert result.exit_code == 0, result.output
    published = "Published on the test split of ontonotes-en: P 90.30 R 91.35 F1 90.82"
    assert published in result.stdout
    assert "train: expected 59,924 sentences, got 20" in result.stderr
    metrics = json.loads((tmp_path / "runs" / NAME / "metrics.json").read_text(encoding="utf-8"))
    config = metrics["config"]
    assert (config["gnn"]["size"], config["head"]["options"]["hidden_size"]) == (12, 650)
    assert (
        config["training"]["learning_rate"] == config["training"]["encoder_learning_rate"] == 2e-5
    )


def test_files_take_the_place_of_the_corpus(
    run: Run, data_dir: Path, tiny_transformer: Path, tmp_path: Path
) -> None:
    result = run(
        *("train", "--recipe", "conll2003-roberta-crf", "--encoder", tiny_transformer),
        *("--train", data_dir / "ontonotes-en" / "dev.sd.conllx", "--epochs", 1),
        *("--device", "cpu", "--output", tmp_path / "run", "--json"),
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["corpus"]["name"] == "files"


def test_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "Did you mean" in refused("train", "--recipe", NAME + "s")
    assert "Did you mean" in refused("recipes", "show", NAME + "s")
    both = refused("train", "--recipe", NAME, "--config", tmp_path / "x.toml")
    assert both == "Say what to train: either --recipe NAME or --config FILE."
    missing = refused("train", "--recipe", "conll2003-bilstm-crf", "--data-dir", tmp_path)
    assert "glove.6B.100d.txt are neither here nor in the folder vectors" in missing
