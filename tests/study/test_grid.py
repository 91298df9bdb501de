"""Grid files: what becomes of rows, tunings and seeds, and what is refused."""

from pathlib import Path

import pytest

from synner_graph.errors import InputError
from synner_graph.study.grid import Cell, cells, read_grid
from tests.places import ROOT

GRID = """
title = "A question"
control = "lstm"
seeds = [7, 8]
settings = { training = { epochs = 5 }, gnn = { size = 30 } }
tune = { "training.learning_rate" = [1e-3, 2e-3], "gnn.layers" = [1, 2] }

[rows.lstm]
recurrent.name = "lstm"
[rows.gat]
gnn = { name = "gat", heads = 2, size = 40 }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "grid.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_row_with_every_tuning_and_every_seed(tmp_path: Path) -> None:
    found = cells(read_grid(written(tmp_path, GRID)))
    assert len(found) == 2 * 2 * 4
    assert len({str(cell) for cell in found}) == 16
    assert [cell.seed for cell in found] == [7] * 8 + [8] * 8
    assert all(cell.config.training.seed == cell.seed for cell in found)
    assert {cell.config.training.learning_rate for cell in found} == {1e-3, 2e-3}
    assert all(cell.config.gnn.layers == cell.tuning["gnn.layers"] for cell in found)


def test_a_row_stands_above_the_common_settings(tmp_path: Path) -> None:
    by_row: dict[str, Cell] = {cell.row: cell for cell in cells(read_grid(written(tmp_path, GRID)))}
    assert by_row["lstm"].config.recurrent.name == "lstm"
    assert by_row["lstm"].config.gnn.size == 30
    assert by_row["gat"].config.gnn.size == 40
    assert by_row["gat"].config.gnn.options["heads"] == 2
    assert all(cell.config.training.epochs == 5 for cell in by_row.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('control = "lstm"', 'control = "gcn"', "control 'gcn' is not a row"),
        ("seeds = [7, 8]", "seeds = [7, 7]", "seeds needs values, each once"),
        ("[1e-3, 2e-3]", "[]", "training.learning_rate needs values, each once"),
        ("seeds = [7, 8]", "seeds = [7, 8]\nsede = 1", "The setting 'sede' does not exist."),
        ("epochs = 5", "epoch = 5", "Row 'lstm': The setting 'training.epoch' does not exist."),
        ("heads = 2", "hats = 2", "Row 'gat': "),
        ("title", "title title", "Cannot read the grid in "),
    ],
)
def test_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        cells(read_grid(written(tmp_path, GRID.replace(old, new, 1))))
    assert message in str(caught.value)


@pytest.mark.parametrize("path", sorted((ROOT / "configs/studies").glob("*.toml")), ids=str)
def test_the_grids_of_the_project_can_be_read(path: Path) -> None:
    assert cells(read_grid(path))
