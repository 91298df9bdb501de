"""The tables in the docs are those that the results files give."""

from pathlib import Path

import pytest

from synner_graph.study.grid import read_grid
from synner_graph.study.report import markdown, summarize
from synner_graph.study.results import read_records
from tests.places import ROOT

RESULTS = sorted((ROOT / "docs" / "results").glob("*.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_the_table_of_every_results_file_stands_in_the_docs(path: Path) -> None:
    grid = read_grid(ROOT / "configs" / "studies" / f"{path.stem}.toml")
    records = read_records(path)
    rows = summarize(grid, records)
    assert sum(len(row.tried) for row in rows) > 0
    table = markdown(grid, rows)
    assert any(table in page.read_text(encoding="utf-8") for page in ROOT.glob("docs/*.md"))
