"""A tiny run that finds a lot, and applications over runs, asked in this process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.recogniser.new import new_recogniser
from synner_graph.serving.app import create_app
from synner_graph.serving.limits import Limits
from tests.fixtures import tiny_config

Serve = Callable[..., TestClient]


@pytest.fixture(scope="session")
def finding_run(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run folder of a tiny model with parser, GNN and random weights: it finds a lot."""
    sizes = {"parser__arc_size": 16, "parser__relation_size": 8}
    config = tiny_config(tiny_transformer, gnn__name="gcn", parser__name="biaffine", **sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)  # which gives entities of two types
        rows = small_corpus.splits["train"]
        ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    folder = tmp_path_factory.mktemp("runs") / "finding"
    ner.save_pretrained(folder)
    return folder


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(run, characters=100)`: a client of that run under these limits."""
    with ExitStack() as stack:

        def start(run: Path | SynNER, **limits: Any) -> TestClient:
            ner = run if isinstance(run, SynNER) else SynNER.from_pretrained(run, "torch")
            app = create_app(ner, "tiny", Limits(**limits))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start
