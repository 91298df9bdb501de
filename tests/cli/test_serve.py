"""`serve` and `demo` as they are typed, up to the moment at which they wait for requests."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from synner_graph.serving import server
from tests.cli.conftest import Run

Refused = Callable[..., str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the server would be run with; in its place one text is asked for."""
    calls: list[tuple[Any, ...]] = []

    def ask(app: Any, made: Any, limits: Any) -> None:
        with TestClient(app) as client:
            answer = client.post("/predict", json={"text": "In Oslo."})
            calls.append((answer.json(), client.get("/run").json(), limits))

    monkeypatch.setattr(server, "run_server", ask)
    return calls


def test_a_run_is_served_under_the_limits_given(
    run: Run, text_run: Path, asked: list[tuple[Any, ...]]
) -> None:
    options = ["--max-characters", 50, "--timeout", 5, "--max-waiting", 60, "--batch-tokens", 70]
    result = run("serve", text_run, "--port", 0, *options)
    assert result.exit_code == 0, result.output
    assert f"{text_run} is served at http://127.0.0.1:" in result.stdout
    [(answer, described, limits)] = asked
    assert answer["text"] == "In Oslo."
    assert described["run"] == str(text_run)
    assert (limits.characters, limits.seconds, limits.waiting) == (50, 5, 60)
    assert limits.batch_tokens == 70


def test_demo_serves_the_run_of_make_train(
    run: Run,
    text_run: Path,
    asked: list[tuple[Any, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "sample").symlink_to(text_run)
    monkeypatch.chdir(tmp_path)
    result = run("demo", "--port", 0)
    assert result.exit_code == 0, result.output
    [(_, described, _)] = asked
    assert described["run"] == "runs/sample"


def test_demo_says_how_to_make_the_run(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = refused("demo")
    assert said.startswith("There is no runs/sample here")
    assert "'make train'" in said
    assert "'synner train --dataset sample --parser biaffine --output runs/sample'" in said


def test_a_port_in_use_is_found_before_the_run_is_read(refused: Refused, tmp_path: Path) -> None:
    with server.bound("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        said = refused("serve", tmp_path / "no run", "--port", port)
    assert said == f"cannot serve at 127.0.0.1 port {port}: Address already in use"


def test_a_run_that_is_none_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "no run" in refused("serve", tmp_path / "no run", "--port", 0)


def test_without_the_extra_the_error_names_it(
    refused: Refused, text_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "synner_graph.serving.app", raising=False)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    said = refused("serve", text_run)
    assert said == "The server needs fastapi: pip install 'synner-graph[serve]'."
