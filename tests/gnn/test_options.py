"""Options of layers: typed, with defaults, refused when unknown."""

import pytest

from synner_graph.config import GNNConfig, load_config
from synner_graph.errors import InputError
from synner_graph.gnn import KIND, LAYERS
from tests.gnn.layers import build


def test_keys_that_are_no_settings_are_options_of_the_layer() -> None:
    config = load_config(overrides={"gnn.name": "gat", "gnn.heads": 2, "gnn.layers": 3}).gnn
    assert (config.layers, config.options) == (3, {"heads": 2})
    assert GNNConfig.model_validate_json(config.model_dump_json()) == config


def test_options_left_out_have_their_defaults() -> None:
    assert KIND.options("gat", {"heads": "2"}) == {"heads": 2, "slope": 0.2}
    assert KIND.options("gcn", {}) == {}


def test_options_reach_the_layer() -> None:
    assert build("appnp", steps=3, teleport=0.5).steps == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [*LAYERS, "none"])
def test_unknown_options_are_refused(name: str) -> None:
    message = f"The setting 'gnn.hedas' does not exist: it is no option of the GNN layer '{name}'"
    with pytest.raises(InputError, match=message):
        KIND.options(name, {"hedas": 2})


def test_wrong_values_are_refused_with_key_and_value() -> None:
    with pytest.raises(InputError, match=r"'gnn\.steps' is wrong: .* got 'many'\."):
        KIND.options("ggnn", {"steps": "many"})


@pytest.mark.parametrize("name", LAYERS)
def test_every_option_is_explained_and_has_a_default(name: str) -> None:
    for option, setting in LAYERS[name].Options.model_fields.items():
        assert setting.description, option
        assert not setting.is_required(), option
