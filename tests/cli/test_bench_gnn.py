"""`bench gnn`, as it is typed; how fast a layer is cannot be tested, only that it is measured."""

import json

import pytest

from synner_graph.benchmarking import gnn as benchmark
from synner_graph.gnn import LAYERS
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "LENGTHS", (3, 1, 5))
    monkeypatch.setattr(benchmark, "INPUT", 6)
    monkeypatch.setattr(benchmark, "OUTPUT", 4)


def test_every_layer_is_measured_beside_gcn(run: Run) -> None:
    result = run("bench", "gnn", "--rounds", 2, "--threads", 1, "--graph-backend=torch", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["graph_backend"], found["threads"]) == ("torch", 1)
    rows = {row["layer"]: row for row in found["measurements"]}
    assert list(rows) == list(LAYERS)
    assert rows["gcn"]["ratio"] == 1
    assert all(row["document_milliseconds"] > 0 for row in rows.values())
    assert found["document_edges"] > found["edges"] == 21
    for name, row in rows.items():
        assert row["reads_relations"] == LAYERS[name].reads_relations
        assert row["ratio"] == pytest.approx(row["milliseconds"] / rows["gcn"]["milliseconds"])


def test_as_a_table(run: Run) -> None:
    table = run("bench", "gnn", "--rounds", 1, "--threads", 1)
    assert table.exit_code == 0, table.output
    assert "syntactic-gcn" in table.stdout and "1.00" in table.stdout


def test_the_batches_are_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = benchmark.random_trees()
    assert graph.lengths.tolist() == [3, 1, 5]
    assert graph.num_edges == 2 * 6 + 9
    monkeypatch.undo()
    plain, documents = benchmark.random_trees(), benchmark.random_documents()
    assert sorted(documents.lengths.tolist()) == plain.lengths.tolist() == list(benchmark.LENGTHS)
    assert documents.num_entries and documents.num_tokens == plain.num_tokens
    counts = dict(zip(documents.inventory.kinds, documents.kind_sizes, strict=True))
    assert all(counts.values()) and counts["next-sentence"] == 32 - benchmark.DOCUMENTS
