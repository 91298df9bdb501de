"""`gnn list` and `gnn show`, as they are typed."""

import json
from collections.abc import Callable

from synner_graph.gnn import LAYERS
from tests.cli.conftest import Run


def test_list_names_every_layer(run: Run) -> None:
    result = run("gnn", "list")
    assert result.exit_code == 0, result.output
    for name in (*LAYERS, "none"):
        assert name in result.stdout


def test_list_as_json(run: Run) -> None:
    rows = json.loads(run("gnn", "list", "--json").stdout)
    assert [row["name"] for row in rows] == [*LAYERS, "none"]
    gat = rows[list(LAYERS).index("gat")]
    assert gat["options"][0]["name"] == "heads" and gat["options"][0]["default"] == 4


def test_show_prints_the_equation_and_the_options(run: Run) -> None:
    result = run("gnn", "show", "syntactic-gcn")
    assert result.exit_code == 0, result.output
    assert "g_v = ReLU(Σ_{u → v} γ_uv (V_dir(u,v) x_u + b_rel(u,v)))" in result.stdout
    assert "Marcheggiani and Titov" in result.stdout
    assert "--gnn.steps int  rounds" in run("gnn", "show", "ggnn").stdout
    assert json.loads(run("gnn", "show", "ggnn", "--json").stdout)["name"] == "ggnn"


def test_show_refuses_unknown_names(refused: Callable[..., str]) -> None:
    assert "Did you mean 'gcn'?" in refused("gnn", "show", "gccn")
