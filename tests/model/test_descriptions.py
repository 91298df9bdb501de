"""Every part says what it is: its docstring is its page, read without importing it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from synner_graph.config import EncoderConfig
from synner_graph.encoders.settings import PARTS
from synner_graph.errors import InputError
from synner_graph.gnn import LAYERS, WeightedLayer
from synner_graph.model import descriptions, outline
from synner_graph.model.descriptions import (
    describe_layer,
    describe_layers,
    describe_part,
    describe_parts,
)
from synner_graph.model.kinds import KINDS
from synner_graph.parts import Option, describe
from tests.gnn.layers import needs_dgl
from tests.places import ROOT
from tests.test_new_gnn_layer import blocks


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_a_line_an_equation_and_a_paper(name: str) -> None:
    layer = describe_layer(name)
    assert layer.summary.endswith(".") and len(layer.summary) < 100
    assert "=" in layer.equation and not layer.equation.startswith(" ")
    assert layer.notes.endswith(".")
    assert "20" in layer.paper
    assert layer.reads_relations == LAYERS[name].reads_relations
    assert layer.weighs_edges == issubclass(LAYERS[name], WeightedLayer)
    assert [option.name for option in layer.options] == list(LAYERS[name].Options.model_fields)


def test_one_in_full() -> None:
    layer = describe_layer("sage")
    assert layer.summary == "The node and the mean of its neighbors, each with a matrix of its own."
    assert layer.equation == "g_v = ReLU(W x_v + W' mean_{u → v} x_u + b)"
    assert layer.paper.startswith("Hamilton, Ying and Leskovec")
    assert layer.options == (Option("reduce", "mean | max | sum", "mean", "over the neighbors"),)


def test_none_has_no_equation() -> None:
    layer = describe_layer("none")
    assert layer.summary.startswith("No message passing")
    assert (layer.equation, layer.paper, layer.options) == ("", "", ())


@needs_dgl
def test_layers_of_a_library_show_what_their_library_says() -> None:
    layer = describe_layer("dgl.nn.SAGEConv")
    assert "GraphSAGE" in layer.summary
    assert "aggregator_type :" not in layer.notes


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="Did you mean 'gatv2'"):
        describe_layer("gat2")


def test_the_sources_say_what_the_classes_say() -> None:
    expected = {
        (section, name): describe(name, part, part.Options.model_fields)
        for section, kind in KINDS.items()
        for name, part in kind.parts.items()
    }
    for name, part in PARTS.items():
        fields = {setting: EncoderConfig.model_fields[setting] for setting in part.settings}
        expected["encoder", name] = describe(name, part.encoder, fields)
    assert {(kind, part.name): part for kind, part in describe_parts()} == expected
    assert describe_part("head", "span") == expected["head", "span"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the package, from which descriptions are read."""
    copy = tmp_path / "synner_graph"
    shutil.copytree(ROOT / "synner_graph", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(outline, "FOLDER", copy)
    remembered = (outline.outline, outline._definitions, descriptions._kinds)
    for function in remembered:
        function.cache_clear()
    yield copy
    for function in remembered:
        function.cache_clear()


def test_a_layer_that_somebody_adds_is_listed(package: Path) -> None:
    layer, import_line, registry_line, _ = blocks("python")
    (package / "gnn/relation_mean.py").write_text(layer, encoding="utf-8")
    registry = package / "gnn/__init__.py"
    text = registry.read_text(encoding="utf-8")
    text = text.replace('    "gcn": GCN,\n', f'    "gcn": GCN,\n{registry_line}')
    registry.write_text(import_line + text, encoding="utf-8")
    found = {layer.name: layer for layer in describe_layers()}
    assert list(found) == ["gcn", "relation-mean", *[*LAYERS][1:], "none"]
    mean = found["relation-mean"]
    assert mean.summary == "Mean over the neighbors, with a factor for each relation."
    assert mean.reads_relations and not mean.weighs_edges
    (start,) = mean.options
    assert start == Option("start", "float", 1.0, "factor of every relation before training")


AWKWARD = """
import torch
from torch import nn
from typing import Literal as Choice

from synner_graph.config import Section
from synner_graph.gnn.base import WeightedLayer as Weighted
from synner_graph.graph.edges import SELF
from pydantic import Field, field_validator

KINDS = (SELF, "other")


def usual(number: int) -> int:
    return number + 1


class Base(Section):
    kind: Choice["a", "b"] = Field("a", description="either")
    edges: tuple[str, ...] = Field(KINDS, description=f"one of {len(KINDS)}")

    @field_validator("kind")
    @classmethod
    def check(cls, kind: str) -> str:
        return usual(kind)


class Layer(Weighted):
    \"\"\"Do something odd.\"\"\"

    class Options(Base):
        more: int | None = Field(None, description="nested")

    table = torch.zeros(3)


LAYERS = {name: Layer for name in KINDS}
"""


def test_what_a_source_may_hold(package: Path) -> None:
    (package / "gnn/odd.py").write_text(AWKWARD, encoding="utf-8")
    found = outline.outline("synner_graph.gnn.odd", "LAYERS")
    assert list(found) == ["self", "other"] and found["self"] is found["other"]
    layer = found["self"]
    assert issubclass(layer, outline.outline("synner_graph.gnn.base", "WeightedLayer"))
    assert not hasattr(layer, "table") and not hasattr(layer, "forward")
    options = describe("odd", layer, layer.Options.model_fields)
    assert options.summary == "Do something odd."
    assert [(o.name, o.type, o.default) for o in options.options] == [
        ("kind", "a | b", "a"),
        ("edges", "str | Ellipsis", ("self", "other")),
        ("more", "int | none", None),
    ]
    with pytest.raises(KeyError, match="nothing"):
        outline.outline("synner_graph.gnn.odd", "nothing")


def test_a_function_is_the_real_one_once_it_is_called() -> None:
    assert outline.outline("synner_graph.gnn", "layer_class")("gcn") is LAYERS["gcn"]
