"""Fixtures for every test."""

import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings

from synner_graph.data.corpora.catalogue import Corpus, load_corpus
from synner_graph.recogniser.new import new_recogniser
from synner_graph.training.run import train
from tests.fixtures import save_tiny_transformer, tiny_config
from tests.places import SHARED

# Tests that import dgl themselves, as oracle, must not make it write into the user's home either.
os.environ.setdefault("DGLBACKEND", "pytorch")
# Workers of pytest-xdist are told a width of the screen, which tables would keep for good.
os.environ.pop("COLUMNS", None)

# A busy machine is slow, not wrong.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kernels are compiled once for all tests, and nothing goes into the user's cache."""
    os.environ.setdefault("SYNNER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random numbers for a test, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def real_corpora() -> Path:
    """The folder of the real corpora; tests skip, visibly, where there is none."""
    folder = Path(os.environ.get("SYNNER_DATA_DIR", SHARED))
    if not folder.is_dir():
        pytest.skip(f"needs the corpora: {folder} is absent, and SYNNER_DATA_DIR names no other")
    return folder


@pytest.fixture(scope="session")
def tiny_transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random BERT: config.json, tokenizer.json, model.safetensors."""
    folder = tmp_path_factory.mktemp("transformer") / "tiny-bert"
    save_tiny_transformer(folder)
    return folder


@pytest.fixture(scope="session")
def small_corpus() -> Corpus:
    """The first sentences of the sample corpus."""
    sample = load_corpus("sample")
    sizes = {"train": 48, "dev": 16, "test": 16}
    return replace(sample, splits={s: rows[: sizes[s]] for s, rows in sample.splits.items()})


@pytest.fixture(scope="session")
def text_run(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run folder of a tiny model without syntax and with random weights: it finds a lot."""
    config = tiny_config(tiny_transformer, gnn__name="none", recurrent__name="none")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        rows = small_corpus.splits["train"]
        ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    folder = tmp_path_factory.mktemp("runs") / "text"
    ner.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def trained_run(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run folder of a tiny model with all parts, trained until it finds entities.

    Its GNN is the plain GCN, which a test can write out by hand.
    """
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    config = tiny_config(tiny_transformer, gnn__name="gcn", training__epochs=10)
    train(config, small_corpus, folder, device="cpu", progress=False)
    return folder


@pytest.fixture(scope="session")
def parsing_run(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run folder of a tiny model that has learned to parse beside.

    It learned without a dev split: so its last epoch is kept, which finds entities.
    """
    folder = tmp_path_factory.mktemp("runs") / "parsing"
    config = tiny_config(
        tiny_transformer,
        parser__name="biaffine",
        parser__arc_size=16,
        parser__relation_size=8,
        training__epochs=10,
    )
    splits = {split: rows for split, rows in small_corpus.splits.items() if split != "dev"}
    train(config, replace(small_corpus, splits=splits), folder, device="cpu", progress=False)
    return folder
