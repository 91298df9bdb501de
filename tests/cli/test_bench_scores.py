"""`bench scores`, as it is typed; that both find the same F1 is part of the measurement."""

import builtins
import json

import pytest

from synner_graph.benchmarking import scores as benchmark
from synner_graph.data.corpora.catalogue import load_corpus
from tests.cli.conftest import Run


def test_every_way_is_measured_beside_seqeval(run: Run) -> None:
    result = run("bench", "scores", "--sentences", 60, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["sentences"] == 60 and 0 < found["f1"] < 100
    rows = {row["name"]: row for row in found["measurements"]}
    assert len(rows) == 4 and rows[found["baseline"]]["ratio"] == 1
    table = run("bench", "scores", "--sentences", 60)
    assert "ratio to" in table.stdout and "60 sentences" in table.stdout


def test_the_same_sentences_and_errors_are_drawn_again() -> None:
    corpus = load_corpus("sample", splits=["test"]).splits["test"]
    assert benchmark.make_work(corpus, 20) == benchmark.make_work(corpus, 20)
    work = benchmark.make_work(corpus, 300)
    gold = sum(len(s.entities) for s in work.sentences)
    right = sum(
        len(set(s.entities) & set(p)) for s, p in zip(work.sentences, work.predicted, strict=True)
    )
    assert 0.75 < right / gold < 0.95


def test_another_f1_is_refused(run: Run, refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "_read", lambda tags: [])
    assert "expected the F1 of seqeval" in refused("bench", "scores", "--sentences", 60)


def test_without_seqeval_it_says_what_is_missing(refused, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **named: object) -> object:
        if name.startswith("seqeval"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    message = refused("bench", "scores", "--sentences", 2)
    assert "pip install 'synner-graph[bench]'" in message
