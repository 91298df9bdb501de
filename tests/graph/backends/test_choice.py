"""Choosing a backend: what is refused, what `auto` says, and life without DGL."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from synner_graph.errors import InputError
from synner_graph.graph.backends import TorchBackend, backend_to_predict, choice, graph_backend
from tests.places import ROOT

needs_dgl = pytest.mark.skipif(find_spec("dgl") is None, reason="DGL is not installed")

BLOCK_DGL = """
import sys

class NoDGL:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "dgl":
            raise ERROR

sys.meta_path.insert(0, NoDGL())
"""

WITHOUT_DGL = """
import json, logging
import synner_graph
from synner_graph.errors import InputError
from synner_graph.graph.backends import graph_backend
from synner_graph.graph.edges import EDGE_KINDS, EdgeInventory
from synner_graph.graph.token_graph import TokenGraph
import torch

said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger("synner_graph").addHandler(handler)
logging.getLogger("synner_graph").setLevel(logging.INFO)

graph = TokenGraph.build([2], EdgeInventory(EDGE_KINDS, ("dep",)), [(-1, 0)], [(0, 0)])
sums = graph_backend("torch").aggregate(graph, torch.tensor([1.0, 10.0]))

def refusal(work):
    try:
        work()
    except InputError as error:
        return str(error)

print(json.dumps({
    "sums": sums.tolist(),
    "networkx": len(graph.to_networkx().edges),
    "auto": [graph_backend("auto").name, graph_backend().name],
    "said": said,
    "dgl": [refusal(lambda: graph_backend("dgl")) for _ in range(2)],
    "to_dgl": refusal(graph.to_dgl),
    "imported": sorted(name for name in sys.modules if name.partition(".")[0] == "dgl"),
}))
"""


def run_python(code: str, home: Path) -> str:
    """Standard output of a fresh interpreter at home in `home`."""
    kept = {name: value for name, value in os.environ.items() if name != "DGLBACKEND"}
    environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """`auto` chooses anew."""
    choice._choose.cache_clear()
    yield
    choice._choose.cache_clear()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("ModuleNotFoundError(\"No module named 'dgl'\")", id="missing"),
        pytest.param(
            "FileNotFoundError('Cannot find DGL C++ graphbolt library')",
            id="broken",
            marks=pytest.mark.slow,
        ),
    ],
)
def without_dgl(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the program does where DGL is not installed, or does not fit the PyTorch."""
    code = BLOCK_DGL.replace("ERROR", request.param) + WITHOUT_DGL
    found: dict[str, Any] = json.loads(run_python(code, tmp_path_factory.mktemp("home")))
    return found


def test_the_torch_backend_works_without_dgl(without_dgl: dict[str, Any]) -> None:
    assert without_dgl["sums"] == [11, 11]
    assert without_dgl["networkx"] == 4
    assert without_dgl["imported"] == []


def test_auto_falls_to_torch_and_says_so_once(without_dgl: dict[str, Any]) -> None:
    assert without_dgl["auto"] == ["torch", "torch"]
    (message,) = without_dgl["said"]
    assert message.startswith("Graph backend: torch, because dgl cannot serve: ")


def test_asking_for_dgl_in_vain_names_the_ways_out(without_dgl: dict[str, Any]) -> None:
    for message in [*without_dgl["dgl"], without_dgl["to_dgl"]]:
        assert message.startswith("The dgl graph backend needs DGL, which cannot be imported here")
        assert "dgl==1.1.3 packaging" in message
        assert message.endswith("or use --graph-backend torch.")


@pytest.mark.slow
@needs_dgl
def test_importing_dgl_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    code = "from synner_graph.graph.backends import graph_backend; print(graph_backend('dgl').name)"
    assert run_python(code, tmp_path).split()[-1] == "dgl"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_importing_the_package_imports_no_dgl(tmp_path: Path) -> None:
    code = (
        "import sys, synner_graph.model.network, synner_graph.graph.backends as backends; "
        "backends.graph_backend('torch'); print('dgl' in sys.modules)"
    )
    assert run_python(code, tmp_path).strip() == "False"


def test_unknown_backend_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"Unknown graph backend 'troch'\. Did you mean 'torch'\?"):
        graph_backend("troch")


def test_torch_is_never_logged_when_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert isinstance(graph_backend("torch", "cuda"), TorchBackend)
    assert not caplog.records


@needs_dgl
def test_auto_takes_dgl_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert [graph_backend("auto").name for _ in range(3)] == ["dgl"] * 3
    assert [record.getMessage() for record in caplog.records] == ["Graph backend: dgl"]


@pytest.mark.parametrize(
    ("asked", "gnn", "taken"),
    [
        ("auto", "compgcn", "torch"),
        ("auto", "none", "torch"),
        ("auto", "torch_geometric.nn.SAGEConv", "torch"),
        ("auto", "dgl.nn.SAGEConv", "auto"),
        ("dgl", "compgcn", "dgl"),
        ("torch", "dgl.nn.SAGEConv", "torch"),
    ],
)
def test_a_saved_run_takes_dgl_only_where_it_must(asked: str, gnn: str, taken: str) -> None:
    assert backend_to_predict(asked, gnn) == taken


@pytest.fixture
def cpu_only_dgl(monkeypatch: pytest.MonkeyPatch) -> None:
    """The DGL of PyPI, on whatever machine."""
    home = pytest.importorskip("synner_graph.graph.backends.dgl", exc_type=InputError)
    monkeypatch.setattr(home, "cuda_is_built", lambda: False)


@pytest.mark.usefixtures("cpu_only_dgl")
@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_a_device_that_dgl_lacks_names_the_torch_backend(device: str) -> None:
    kind = device.partition(":")[0]
    wanted = rf"DGL \S+ has no {kind.upper()} kernels: use --graph-backend torch for {kind}"
    with pytest.raises(InputError, match=wanted):
        graph_backend("dgl", torch.device(device))


@pytest.mark.usefixtures("cpu_only_dgl")
def test_auto_takes_torch_for_a_device_that_dgl_lacks(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert [graph_backend("auto", "cuda").name for _ in range(3)] == ["torch"] * 3
    (record,) = caplog.records
    assert "torch, because dgl cannot serve: The installed DGL" in record.getMessage()


@needs_dgl
def test_a_dgl_without_cuda_is_recognised() -> None:
    """PyPI's build; true with and without a GPU."""
    from synner_graph.graph.backends.dgl import cuda_is_built

    assert not cuda_is_built()
