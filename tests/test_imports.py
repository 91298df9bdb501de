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
UPWARDS = {
    "synner_graph.data.sentence -> synner_graph.drawing",
    "synner_graph.graph.token_graph -> synner_graph.drawing",
}
"""All that may go against the order: a sentence and a graph draw themselves in a notebook."""
IN_A_CIRCLE = UPWARDS | {"synner_graph.graph.token_graph -> synner_graph.graph.backends.dgl"}
"""All that may close a circle: also a graph that becomes a DGLGraph."""


@pytest.fixture(scope="module")
def imports() -> "nx.DiGraph[str]":
    """Module -> module of the package; imports inside functions and for types alone count too."""
    found = grimp.build_graph("synner_graph", cache_dir=None)
    return nx.DiGraph(
        (module, imported)
        for module in found.modules
        for imported in found.find_modules_directly_imported_by(module)
    )


def test_the_exceptions_are_those_and_no_more() -> None:
    assert set(CONTRACTS["layers"]["ignore_imports"]) == UPWARDS
    assert set(CONTRACTS["circles"]["ignore_imports"]) == IN_A_CIRCLE
    assert PYPROJECT["tool"]["importlinter"].get("exclude_type_checking_imports") is None


def test_no_module_imports_itself_by_way_of_others(imports: "nx.DiGraph[str]") -> None:
    without = imports.copy()
    without.remove_edges_from([tuple(line.split(" -> ")) for line in IN_A_CIRCLE])
    assert [sorted(c) for c in nx.strongly_connected_components(without) if len(c) > 1] == []


def test_the_exceptions_are_all_needed(imports: "nx.DiGraph[str]") -> None:
    circles = {m for c in nx.strongly_connected_components(imports) if len(c) > 1 for m in c}
    for line in IN_A_CIRCLE:
        module, imported = line.split(" -> ")
        assert imports.has_edge(module, imported)
        assert {module, imported} <= circles


def test_the_package_itself_is_imported_by_none_of_its_modules(imports: "nx.DiGraph[str]") -> None:
    """Its public names import upper layers: a module that took one from there would hide that."""
    assert list(imports.predecessors("synner_graph")) == []
