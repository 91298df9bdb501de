"""A few sentences, and a run folder that is small enough to damage every file of it."""

from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.training.run import train
from tests.fixtures import tiny_config
from tests.places import SAMPLE

SMALL = 200_000
"""Bytes that all files of the run take at most."""
SENTENCES = {"train": 12, "dev": 6}


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A few sentences to train on and to be judged on: split -> file."""
    folder, found = tmp_path_factory.mktemp("few"), {}
    for split, size in SENTENCES.items():
        blocks = (SAMPLE / f"{split}.conllu").read_text(encoding="utf-8").split("\n\n")[:size]
        found[split] = folder / f"{split}.conllu"
        found[split].write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    return found


@pytest.fixture(scope="session")
def small_run(small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder of a tiny model on characters, with all that a training leaves."""
    config = tiny_config("characters", gnn__name="gcn", training__epochs=1)
    folder = tmp_path_factory.mktemp("runs") / "small"
    train(config, small_corpus, folder, "torch", "cpu", progress=False, kernel="naive")
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < SMALL
    return folder
