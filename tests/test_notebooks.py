"""The notebooks run from top to bottom, and show what they showed when they were committed."""

import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.places import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def kinds(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell of code puts out: text, or data of which types."""
    return [
        sorted({", ".join(sorted(output.get("data", {}))) for output in cell.outputs})
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {
        "quickstart",
        "graph_visualization",
        "swap_gnn_layers",
        "error_analysis",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_committed_and_cells_in_order(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert any("<svg" in output.get("data", {}).get("text/html", "") for output in outputs)
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_as_committed(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    committed = kinds(notebook)
    begin = time.monotonic()
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": ROOT}}).execute()
    print(f"{path.name}: {time.monotonic() - begin:.0f} s")
    assert kinds(notebook) == committed
