"""docs/new_gnn_layer.md, done: one file, one line, and its commands in a copy of the project."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

PAGE = (ROOT / "docs" / "new_gnn_layer.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)
    return found


def copy_of_the_project(folder: Path) -> None:
    passing = shutil.ignore_patterns("__pycache__")
    for name in ("synner_graph", "tests", "datasets"):
        shutil.copytree(ROOT / name, folder / name, ignore=passing)
    for name in ("pyproject.toml", "cli.py"):
        shutil.copy(ROOT / name, folder)


@pytest.mark.slow
def test_the_page_adds_a_layer(tmp_path: Path) -> None:
    copy_of_the_project(tmp_path)
    layer, import_line, registry_line, test = blocks("python")
    (tmp_path / "synner_graph/gnn/relation_mean.py").write_text(layer, encoding="utf-8")
    (tmp_path / "tests/gnn/test_relation_mean.py").write_text(test, encoding="utf-8")
    registry = tmp_path / "synner_graph/gnn/__init__.py"
    text = registry.read_text(encoding="utf-8")
    text = text.replace("from synner_graph.gnn.rgcn", f"{import_line}from synner_graph.gnn.rgcn")
    text = text.replace('    "gcn": GCN,\n', f'    "gcn": GCN,\n{registry_line}')
    registry.write_text(text, encoding="utf-8")

    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    outputs = []
    (commands,) = blocks("sh")
    for line in commands.strip().splitlines():
        program, *arguments = shlex.split(line)
        start = ["-m", "pytest", "-q"] if program == "pytest" else ["cli.py"]
        command = [sys.executable, *start, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs.append(done.stdout)

    tested, shown, _ = outputs
    passed = re.search(r"(\d+) passed", tested)
    assert passed is not None and int(passed[1]) > 20
    assert "g_v = ReLU(W mean_{u → v} s_rel(u,v) x_u + b)" in shown
    config = json.loads((tmp_path / "runs/mine/config.json").read_text(encoding="utf-8"))
    assert (config["gnn"]["name"], config["gnn"]["options"]) == ("relation-mean", {"start": 0.5})
