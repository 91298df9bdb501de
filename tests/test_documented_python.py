"""The Python of the pages runs, block after block, on a tiny run."""

import importlib
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import synner_graph
from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.combination import Combiner
from synner_graph.evaluation.combination.saved import save_combination
from synner_graph.publishing.package import pack
from synner_graph.recogniser.run_folder import RunFolder
from tests.documented import documented_python, pages_with_python
from tests.inputs import write_inputs
from tests.places import ROOT

ELSEWHERE = {"docs/new_gnn_layer.md": "tests/test_new_gnn_layer.py writes the layer"}
"""Pages whose blocks are executed by another test."""
PAGES = [page for page in pages_with_python() if page not in ELSEWHERE]


@pytest.fixture
def workplace(parsing_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with the files and runs that the pages name, and an installed package."""
    threads = torch.get_num_threads()
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    for name in ("sample", "a", "b"):
        shutil.copytree(parsing_run, Path("runs", name))
    members = [Path("runs", name) for name in "ab"]
    save_combination(Path("runs/together"), Combiner.learn("mean", 2), members)
    wheel, _ = pack(RunFolder("runs/sample"), Path("dist"), None, "1.0.0", "Apache-2.0")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall("installed")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    importlib.invalidate_caches()
    yield
    torch.set_num_threads(threads)


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/api.md", *ELSEWHERE} <= set(pages_with_python())


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page: str, workplace: None) -> None:
    names: dict[str, object] = {"sentences": [Sentence(["Angela", "Merkel", "slept"])]}
    for line, code in documented_python(page):
        for package in ("spacy", "jieba", "opencc"):
            if f"import {package}" in code:
                pytest.importorskip(package)
        exec(compile("\n" * line + code, page, "exec"), names)


def test_the_page_names_everything_that_is_public() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in synner_graph.__all__:
        assert name == "__version__" or f"`{name}`" in text, name
        assert getattr(synner_graph, name) is not None
    assert set(synner_graph.__all__) <= set(dir(synner_graph))
    imported = re.findall(r"^from synner_graph import (.+)$", text, re.M)
    named = {name for line in imported for name in line.split(", ")}
    assert named <= set(synner_graph.__all__)
