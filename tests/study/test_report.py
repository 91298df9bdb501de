"""What a report says of given records."""

import subprocess
import sys
from collections.abc import Sequence
from random import Random
from statistics import mean, stdev

import numpy as np
import pytest

from synner_graph.evaluation.scores import Report, Score
from synner_graph.evaluation.significance import compare
from synner_graph.study.differences import difference, unit_counts
from synner_graph.study.grid import Cell, Grid, cells
from synner_graph.study.report import markdown, summarize
from synner_graph.study.results import Record, counts_from_text, counts_to_text

SENTENCES = 300


def score(rows: Sequence[Score]) -> Score:
    return Score(*(sum(getattr(r, n) for r in rows) for n in ("gold", "predicted", "correct")))


def report(rows: Sequence[Score]) -> Report:
    counts = np.array([[(row.gold, row.predicted, row.correct) for row in rows]])
    return Report("test", score(rows), {}, counts=counts)


def record(cell: Cell, chance: float, test: bool = True) -> Record:
    """A system that finds every gold entity with that probability and nothing else."""
    draw = Random(f"{cell}")
    rows = []
    for row in range(SENTENCES):
        gold = row % 3
        found = sum(draw.random() < chance for _ in range(gold))
        rows.append(Score(gold, found, found))
    overall = score(rows).to_json()
    return {
        "settings": cell.config.model_dump(mode="json"),
        "dev": overall,
        "test": overall if test else None,
        "per_sentence": counts_to_text(report(rows)),
        "parameters_from_scratch": 1234,
    }


def grid(**changes: object) -> Grid:
    tables = {
        "title": "t",
        "control": "lstm",
        "test": True,
        "seeds": [1, 2, 3],
        "rows": {"lstm": {"recurrent": {"name": "lstm"}}, "gcn": {}},
    }
    return Grid.model_validate(tables | changes)


def test_counts_come_back_from_text() -> None:
    rows = (Score(1, 2, 1), Score(0, 0, 0), Score(0, 1, 0), Score(3, 0, 0))
    text = counts_to_text(report(rows))
    assert text == "0:1/2/1 2:0/1/0 3:3/0/0"
    assert counts_from_text(text) == {0: rows[0], 2: rows[2], 3: rows[3]}
    assert counts_from_text("") == {}


def ends(ours: list[Record], control: list[Record]) -> tuple[float, float, float]:
    found = difference(ours, control)
    assert found is not None
    return found.low, found.value, found.high


def test_a_difference_is_that_of_the_means_and_lies_in_its_interval() -> None:
    plan = grid()
    chances = {"lstm": 0.6, "gcn": 0.8}
    records = [record(cell, chances[cell.row]) for cell in cells(plan)]
    ours, control = records[1::2], records[0::2]
    low, gap, high = ends(ours, control)
    expected = mean(r["test"]["f1"] for r in ours) - mean(r["test"]["f1"] for r in control)
    assert gap == pytest.approx(expected)
    assert 0 < low < gap < high
    assert ends(control, ours) == pytest.approx((-high, -gap, -low))


def test_a_system_does_not_differ_from_itself_beyond_its_seeds() -> None:
    plan = [cell for cell in cells(grid()) if cell.row == "gcn"]
    records = [record(cell, chance) for cell, chance in zip(plan, (0.5, 0.7, 0.9), strict=True)]
    low, gap, high = ends(records, records)
    assert gap == 0 and low < -1 and high > 1
    assert ends(records[:1], records[:1]) == (0, 0, 0)


def test_the_interval_narrows_with_agreement_on_the_same_sentences() -> None:
    """Paired: two systems that miss the same entities differ by little, however hard these are."""
    cell = cells(grid())[0]
    one = record(cell, 0.5)
    low, _, high = ends([one], [record(cells(grid())[1], 0.5)])
    assert high - low > 2
    assert ends([one], [dict(one)]) == (0, 0, 0)


def test_the_table_says_what_its_intervals_are_over() -> None:
    plan = grid()
    records = [record(cell, 0.6) for cell in cells(plan)]
    table = markdown(plan, summarize(plan, records))
    assert "| dev F1 | test F1 [95 %, sentences] | test F1 - lstm [95 %, sentences] |" in table
    records[3]["documents"] = [10] * 30
    table = markdown(plan, summarize(plan, records))
    assert "| dev F1 | test F1 [95 %, documents] | test F1 - lstm [95 %, documents] |" in table


def test_the_f1_of_a_row_has_the_interval_of_its_documents_and_seeds() -> None:
    plan = grid()
    records = [record(cell, 0.6) for cell in cells(plan)]
    lstm, gcn = summarize(plan, records)
    (expected,) = compare(unit_counts([gcn.records])).f1
    assert gcn.f1 is not None and gcn.f1.value == pytest.approx(mean(gcn.test))
    assert gcn.f1.error == pytest.approx(expected.error)
    deviation = f"{mean(gcn.test):.2f} ± {stdev(gcn.test):.2f}"
    assert f"| {deviation} [{gcn.f1.low:.2f}, {gcn.f1.high:.2f}] |" in markdown(plan, [lstm, gcn])


def test_the_best_tuning_by_dev_stands_for_its_row() -> None:
    plan = grid(tune={"gnn.layers": [1, 2]}, test=False)
    chances = {("lstm", 1): 0.5, ("lstm", 2): 0.7, ("gcn", 1): 0.9, ("gcn", 2): 0.6}
    records = [
        record(cell, chances[cell.row, cell.tuning["gnn.layers"]], test=False)
        for cell in cells(plan)
    ]
    lstm, gcn = summarize(plan, records)
    assert (lstm.tuning, gcn.tuning) == ({"gnn.layers": 2}, {"gnn.layers": 1})
    assert lstm.difference is None and gcn.difference is not None
    assert len(gcn.records) == len(gcn.dev) == 3 and gcn.test == []
    assert [tuning["gnn.layers"] for tuning, _ in gcn.tried] == [1, 2]
    text = markdown(plan, [lstm, gcn])
    assert "| lstm | layers 2 | 1,234 | 3 |" in text
    assert "| dev F1 | layers 1 | layers 2 |" in text


def test_rows_without_a_finished_cell_are_left_out() -> None:
    plan = grid()
    records = [record(cells(plan)[0], 0.5)]
    (row,) = summarize(plan, records)
    assert row.name == "lstm"
    assert markdown(plan, [row]).count("\n") == 2
    assert "±" not in markdown(plan, [row])  # of one seed there is no deviation


def test_importing_the_report_imports_nothing_that_trains() -> None:
    program = (
        "import sys, synner_graph.study.report\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'accelerate', 'dgl'})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.split() == []
