"""Every GNN layer learns from real trees. A warning is an error, as in all tests."""

import math
from pathlib import Path

import pytest

from synner_graph.config import DataConfig, load_config
from synner_graph.data.corpora.catalogue import Corpus, corpus_of
from synner_graph.gnn import LAYERS
from synner_graph.training.run import train


@pytest.fixture(scope="module")
def corpus(real_corpora: Path) -> Corpus:
    """A few hundred training sentences of UNER-EWT."""
    data = DataConfig(dataset="uner-ewt", data_dir=real_corpora, train_subset=300)
    return corpus_of(data, splits=("train",))


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_trains_for_an_epoch(name: str, corpus: Corpus, tmp_path: Path) -> None:
    settings = {"encoder.name": "characters", "training.epochs": 1, "gnn.name": name}
    config = load_config(overrides=settings)
    metrics, _ = train(config, corpus, tmp_path / "run", device="cpu", progress=False)
    (epoch,), counts = metrics["epochs"], metrics["counts"]["train"]
    tags = 1 + 4 * 3  # O, and BIOES of three labels
    guessing = math.log(tags) * counts["tokens"] / counts["sentences"]
    assert 0 < epoch["loss"] < 0.7 * guessing
    assert metrics["config"]["gnn"]["name"] == name
