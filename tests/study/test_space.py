"""What a setting may be, where the command line says it or the setting's own field does."""

import pytest

from synner_graph.config import RunConfig
from synner_graph.errors import InputError
from synner_graph.study.space import Dimension, read_space


def one(text: str, *more: str) -> Dimension:
    return read_space([text, *more], RunConfig())[0]


def test_values_that_are_given() -> None:
    assert one("gnn.layers=1,2,3").choices == (1, 2, 3)
    assert one("encoder.name=lexical,characters").choices == ("lexical", "characters")
    assert one("encoder.orthography=true,false").choices == (True, False)
    rate = one("training.learning_rate=1e-4..1e-2")
    assert (rate.low, rate.high, rate.log, rate.whole) == (1e-4, 1e-2, True, False)
    layers = one("gnn.layers=1..4")
    assert (layers.low, layers.high, layers.log, layers.whole) == (1, 4, False, True)


def test_values_that_the_setting_has() -> None:
    assert set(one("training.optimizer").choices) == {"adamw", "sgd"}
    assert one("encoder.orthography").choices == (False, True)
    assert {"gcn", "gat", "none"} <= set(one("gnn.name").choices)
    rate = one("training.learning_rate")
    assert (rate.low, rate.high, rate.log) == (2.5e-4, 4e-3, True)
    size = one("encoder.shape_size")
    assert (size.low, size.high, size.whole, size.log) == (2, 40, True, True)
    dropout = one("encoder.dropout")
    assert (dropout.low, dropout.high, dropout.log) == (0, 0.5, False)


def test_options_of_a_part_that_is_tuned_itself() -> None:
    with pytest.raises(InputError, match=r"'gnn\.heads' does not exist"):
        one("gnn.heads=1,2", "gnn.name=gcn,rgcn")
    assert one("gnn.heads=1,2", "gnn.name=gcn,gat").choices == (1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers", "expected SECTION.SETTING after --tune, got 'layers'"),
        ("gnn.layer", "'gnn.layer' does not exist. Did you mean 'layers'"),
        ("gnn.layers=3", "expected several values for gnn.layers, each once, got '3'"),
        ("gnn.layers=3,3", "expected several values"),
        ("gnn.layers=3..1", "with LOW below HIGH"),
        ("gnn.layers=a..b", "with two numbers"),
        ("encoder.name=a..b", "encoder.name is no number"),
        ("encoder.name", "say what encoder.name may be"),
        ("training.patience", "say what training.patience may be"),
        ("encoder.upos_size", "say what encoder.upos_size may be: encoder.upos_size=LOW..HIGH"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace(".", r"\.").replace("(", r"\(")):
        one(text)


def test_a_setting_comes_once() -> None:
    with pytest.raises(InputError, match=r"got gnn\.layers twice"):
        one("gnn.layers", "gnn.layers=1,2")
