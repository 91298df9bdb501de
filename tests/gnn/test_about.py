"""Every layer says what it is: its docstring is its page."""

import pytest

from synner_graph.errors import InputError
from synner_graph.gnn import LAYERS, WeightedLayer
from synner_graph.gnn.about import describe_layer
from synner_graph.parts import Option
from tests.gnn.layers import needs_dgl


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
