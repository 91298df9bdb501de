"""`bench compare`, as it is typed; that a plain loop finds the same error is part of it."""

import json
from pathlib import Path

import pytest

from synner_graph.benchmarking import compare as benchmark
from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.documents import document_sizes
from synner_graph.evaluation import significance
from tests.cli.conftest import Run

LITTLE = ("bench", "compare", "--sentences", 120, "--documents", 30)


def test_every_part_is_measured_beside_a_plain_loop(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(benchmark, "_run", lambda *arguments: ran.append(arguments))
    result = run(*LITTLE, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["sentences"], found["documents"]) == (120, 30)
    assert found["resamples"] == significance.RESAMPLES == 10_000
    rows = {row["name"]: row for row in found["measurements"]}
    assert len(rows) == 6 and rows[found["baseline"]]["ratio"] == 1
    assert [arguments[0] for arguments in ran] == ["compare", "compare"]
    assert "--page" in ran[1] and "--page" not in ran[0]


def test_the_command_runs_in_a_process_of_its_own(refused, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"tokens": ["Bern"], "entities": [[0, 1, "LOC"]]}\n')
    with pytest.raises(benchmark.InputError, match="synner compare failed: Error: expected two"):
        benchmark._run("compare", str(path), "--gold", str(path))


def test_sentences_are_laid_into_documents() -> None:
    corpus = load_corpus("sample", splits=["test"]).splits["test"]
    sentences = benchmark.make_sentences(corpus, 100, 7)
    assert sentences == benchmark.make_sentences(corpus, 100, 7)
    sizes = document_sizes(sentences)
    assert (len(sentences), len(sizes)) == (100, 7) and set(sizes) == {14, 15}
    with pytest.raises(benchmark.InputError, match="at most 3 documents of 3 sentences, got 4"):
        benchmark.make_sentences(corpus, 3, 4)


def test_another_error_is_refused(refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "_run", lambda *arguments: None)
    monkeypatch.setattr(benchmark, "_plain_error", lambda one, other: 99.0)
    assert "expected the standard error of a plain loop, 99.000" in refused(*LITTLE)
