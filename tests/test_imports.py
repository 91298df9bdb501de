"""Who imports whom: no circle, and no way around the order that `lint-imports` holds."""

import tomllib

import grimp
import networkx as nx
import pytest

from tests.places import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS = {
    contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
}


@pytest.fixture(scope="module")
def imports() -> "nx.DiGraph[str]":
    """Module -> module of the package; imports inside functions and for types alone count too."""
    found = grimp.build_graph("synner_graph", cache_dir=None)
    return nx.DiGraph(
        (module, imported)
        for module in found.modules
        for imported in found.find_modules_directly_imported_by(module)
    )


def test_nothing_is_left_out_of_the_order() -> None:
    assert "ignore_imports" not in CONTRACTS["layers"]
    assert "ignore_imports" not in CONTRACTS["circles"]
    assert PYPROJECT["tool"]["importlinter"].get("exclude_type_checking_imports") is None


def test_no_module_imports_itself_by_way_of_others(imports: "nx.DiGraph[str]") -> None:
    assert [sorted(c) for c in nx.strongly_connected_components(imports) if len(c) > 1] == []


def test_the_package_itself_is_imported_by_none_of_its_modules(imports: "nx.DiGraph[str]") -> None:
    """Its public names import upper layers: a module that took one from there would hide that."""
    assert list(imports.predecessors("synner_graph")) == []
