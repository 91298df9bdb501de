"""Differences pooled over studies of several corpora."""

from collections.abc import Callable
from typing import Any

import pytest

from synner_graph.evaluation.significance import holm, pooled
from synner_graph.study.grid import Grid, cells
from synner_graph.study.pooling import Study, pool, pooled_markdown
from synner_graph.study.report import summarize
from tests.study.test_report import grid, record

CHANCES = {"lstm": 0.6, "gcn": 0.8, "gat": 0.7}


def study(corpus: str, rows: tuple[str, ...] = ("lstm", "gcn", "gat"), **changes: Any) -> Study:
    tables = {
        "lstm": {"recurrent": {"name": "lstm"}},
        "gcn": {},
        "gat": {"gnn": {"name": "gat"}},
    }
    plan = grid(
        rows={row: tables[row] for row in rows}, settings={"data": {"dataset": corpus}}, **changes
    )
    return Study(corpus, plan, summarize(plan, records_of(plan)))


def records_of(plan: Grid) -> list[dict[str, Any]]:
    return [record(cell, CHANCES[cell.row], test=plan.test) for cell in cells(plan)]


def test_each_corpus_counts_alike_and_p_is_corrected_for_all_rows() -> None:
    english, chinese = study("uner-ewt"), study("uner-zh-gsd", seeds=[1, 2])
    rows = pool([english, chinese])
    assert [row.row for row in rows] == ["gcn", "gat"]
    for row in rows:
        gaps = [next(r for r in s.rows if r.name == row.row).difference for s in (english, chinese)]
        assert [*row.differences.values()] == gaps
        assert row.together == pooled([gap for gap in gaps if gap is not None])
        assert row.seeds == {"uner-ewt": 3, "uner-zh-gsd": 2}
    assert [row.corrected for row in rows] == holm([row.together.p for row in rows])
    table = pooled_markdown([english, chinese], rows)
    gap = rows[0].together
    assert f"| {gap.value:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}] | < 0.0001 |" in table
    assert (
        "uner-zh-gsd: test F1 - lstm [95 %, sentences], seeds | mean [95 %] | p (Holm) |" in table
    )


def test_only_rows_of_all_studies_are_pooled() -> None:
    studies = [study("uner-ewt"), study("uner-zh-gsd", ("lstm", "gcn"))]
    (row,) = pool(studies)
    assert row.row == "gcn" and row.corrected == row.together.p
    assert pooled_markdown(studies, [row]).splitlines()[0].endswith("| mean [95 %] | p |")
    assert row.to_json()["corpora"]["uner-ewt"]["seeds"] == 3


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: study("uner-ewt"), "expected a corpus of its own for each study, got uner-ewt in"),
        (lambda: study("wnut-17", control=None), "wnut-17 has no control"),
        (lambda: study("wnut-17", test=False), "judged on the same split, got test in uner-ewt"),
        (
            lambda: study("wnut-17", ("lstm", "gat")),
            "expected a row that all studies have beside their control, got "
            "uner-ewt: 'gcn'; wnut-17: 'gat'",
        ),
        (lambda: Study("none", grid(), []), "none holds no results yet"),
    ],
)
def test_what_cannot_be_pooled(other: Callable[[], Study], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pool([study("uner-ewt", ("lstm", "gcn")), other()])
