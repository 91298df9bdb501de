"""Applications over tiny runs, asked in this process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from synner_graph import SynNER
from synner_graph.serving.app import create_app
from synner_graph.serving.limits import Limits

Serve = Callable[..., TestClient]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(run, characters=100)`: a client of that run under these limits."""
    with ExitStack() as stack:

        def start(run: Path | SynNER, **limits: Any) -> TestClient:
            ner = run if isinstance(run, SynNER) else SynNER.from_pretrained(run, "torch")
            app = create_app(ner, "tiny", Limits(**limits))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start
