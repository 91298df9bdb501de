"""Precomputed features in `train`, `eval`, `predict` and `visualize`, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from synner_graph import SynNER
from synner_graph.data.formats import read_sentences
from tests.cli.conftest import Run, without_intervals
from tests.cli.test_train import TINY
from tests.places import SAMPLE

DEV = SAMPLE / "dev.conllu"


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """Random features of the dev sentences."""
    draw = np.random.default_rng(0)
    path = tmp_path / "dev.safetensors"
    save_file(
        {str(s.id): draw.normal(size=(len(s), 5)).astype("f") for s in read_sentences(DEV)}, path
    )
    return path


def test_from_training_to_prediction(
    features: Path, run: Run, refused: Callable[..., str], tmp_path: Path
) -> None:
    folder, given = tmp_path / "run", ("--encoder.features", features)
    result = run(
        *("train", "--train", DEV, "--dev", DEV, "--encoder", "lexical", *given),
        *("--output", folder, *TINY, "--json"),
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    assert metrics["config"]["encoder"]["features"] == str(features)
    assert metrics["config"]["encoder"]["features_size"] == 5
    assert json.loads((folder / "config.json").read_text())["encoder"]["features"] is None

    result = run("eval", folder, "--input", DEV, "--split", "dev", *given, "--json")
    found = json.loads(result.stdout)
    assert "data:dev.conllu/dev" in found.pop("signature")
    assert without_intervals(found) == metrics["dev"]
    assert "name the file" in refused("eval", folder, "--input", DEV)

    named = tmp_path / "named.conllu"
    result = run("predict", folder, "--input", DEV, "--output", named, *given)
    assert result.exit_code == 0, result.output
    ner = SynNER.from_pretrained(folder)
    ner.use_features(features)
    sentences = list(read_sentences(DEV))
    found = [s.entities for s in read_sentences(named)]
    assert found == [s.entities for s in ner.predict(sentences)]
    assert any(found)

    result = run("calibrate", folder, "--input", DEV, *given, "--json")
    assert result.exit_code == 0, result.output

    drawing = tmp_path / "drawing.svg"
    result = run("visualize", folder, "--input", DEV, "--index", 3, "--output", drawing, *given)
    assert result.exit_code == 0, result.output


def test_a_sentence_without_features_is_named_before_training(
    features: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    message = refused(
        *("train", "--train", DEV, "--dev", SAMPLE / "test.conllu", "--encoder", "characters"),
        *("--encoder.features", features, "--output", tmp_path / "run", *TINY),
    )
    assert message == f"{features} has no features for the sentence 'sample-test-001'."
    assert not (tmp_path / "run").exists()


def test_a_model_without_features_takes_none(
    features: Path, trained_run: Path, refused: Callable[..., str]
) -> None:
    message = refused("predict", trained_run, "--input", DEV, "--encoder.features", features)
    assert message.startswith("The model reads no precomputed features")
