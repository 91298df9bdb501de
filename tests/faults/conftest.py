"""A run folder that is small enough to damage every file of it."""

from pathlib import Path

import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.recogniser.new import new_recogniser
from tests.fixtures import tiny_config

SMALL = 200_000
"""Bytes that all its files take at most."""


@pytest.fixture(scope="session")
def small_run(small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder of a tiny model on characters with random weights."""
    config = tiny_config("characters", gnn__name="gcn")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        rows = small_corpus.splits["train"]
        ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    folder = tmp_path_factory.mktemp("runs") / "small"
    ner.save_pretrained(folder)
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < SMALL
    return folder
