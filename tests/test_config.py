"""Settings: what a file and overrides may say, and what is refused with a sentence."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from synner_graph.config import ModelConfig, RunConfig, dotted, load_config, nested
from synner_graph.config.environment import REMEMBERED, WAITING, set_up, without_ours
from synner_graph.errors import InputError
from synner_graph.graph.edges import EDGE_KINDS
from synner_graph.recogniser.settings import read_settings

SECTIONS = list(RunConfig.model_fields)


def write(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_said_means_the_defaults() -> None:
    config = load_config()
    assert config == RunConfig()
    assert (config.gnn.name, config.recurrent.name) == ("compgcn", "syn-lstm")
    assert config.head.name == "crf"
    assert config.gnn.edges == EDGE_KINDS


def test_a_file_sets_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [gnn]
        layers = 3
        edges = ["self", "head-dependent"]
        [data]
        dataset = "sample"
        train_subset = 100
        [training]
        learning_rate = 2e-3
        """,
    )
    expected = RunConfig().model_dump()
    expected["gnn"] |= {"layers": 3, "edges": ("self", "head-dependent")}
    expected["data"] |= {"dataset": "sample", "train_subset": 100}
    expected["training"] |= {"learning_rate": 0.002}
    assert load_config(path).model_dump() == expected


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[gnn]\nlayers = 3\nsize = 7\n")
    config = load_config(path, {"gnn.layers": 4, "training.seed": "5", "data.train": "a.conllu"})
    assert (config.gnn.layers, config.gnn.size, config.training.seed) == (4, 7, 5)
    assert config.data.train == Path("a.conllu")


def test_layers_to_freeze_are_a_number_or_a_name() -> None:
    for value, expected in ((3, "3"), ("3", "3"), ("all", "all")):
        assert load_config(None, {"encoder.freeze": value}).encoder.freeze == expected
    for value in (0, -1, True, 1.5, "1.5", "3 layers"):
        with pytest.raises(InputError, match=r"encoder\.freeze' is wrong"):
            load_config(None, {"encoder.freeze": value})


def test_a_written_config_reads_as_itself() -> None:
    config = load_config(None, {"gnn.layers": 4, "data.dev": "d.conllx", "head.max_width": 6})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("section", SECTIONS)
def test_unknown_keys_are_refused_in_every_section(section: str, tmp_path: Path) -> None:
    message = re.escape(f"The setting '{section}.layerz' does not exist")
    with pytest.raises(InputError, match=message):
        read_settings(None, {f"{section}.layerz": 3})
    with pytest.raises(InputError, match=message):
        read_settings(write(tmp_path, f"[{section}]\nlayerz = 3\n"))


@pytest.mark.parametrize("key", ["gmn", "gmn.layers", "layers", "", "head.", "data."])
def test_unknown_sections_are_refused(key: str) -> None:
    with pytest.raises(InputError, match=r"The setting '\S*' does not exist[.:]"):
        read_settings(None, {key: 3})


def test_a_setting_has_no_settings_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "[gnn]\nlayers = 3\n")
    message = "The setting 'gnn.layers.more' does not exist: 'layers' is not a table"
    with pytest.raises(InputError, match=message):
        load_config(path, {"gnn.layers.more": 1})


WRONG = {
    "gnn.layers": 0,
    "gnn.size": "wide",
    "gnn.dropout": 1.0,
    "gnn.edges": (),
    "encoder.pooling": "last",
    "encoder.freeze": "half",
    "encoder.character_model": "gru",
    "encoder.orthography": "perhaps",
    "recurrent.size": -1,
    "head.scheme": "iob1",
    "data.train_subset": 0,
    "training.warmup": 1.5,
    "training.precision": "fp8",
    "training.epochs": 2.5,
    "gnn": 3,
}


@pytest.mark.parametrize(("key", "value"), WRONG.items())
def test_wrong_values_are_refused_with_key_and_value(key: str, value: Any) -> None:
    message = rf"^The setting '{re.escape(key)}' is wrong: .*, got {re.escape(repr(value))}\.$"
    with pytest.raises(InputError, match=message):
        read_settings(None, {key: value})


@pytest.mark.parametrize("key", ["head.max_width", "head.negative_weight"])
def test_so_are_those_of_the_span_head(key: str) -> None:
    with pytest.raises(InputError, match=rf"^The setting '{key}' is wrong: .*, got 0\.$"):
        read_settings(None, {"head.name": "span", key: 0})


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    broken = write(tmp_path, "[gnn\n")
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[data]\ntrain = "\xe9"\n')
    for path in (tmp_path / "none.toml", broken, latin, tmp_path):
        with pytest.raises(InputError, match=f"Cannot read the settings in {re.escape(str(path))}"):
            load_config(path)


def test_settings_do_not_change() -> None:
    config = load_config()
    with pytest.raises(ValidationError, match="frozen"):
        config.gnn.layers = 5  # type: ignore[misc]


def test_the_architecture_is_a_part_of_the_run() -> None:
    config = load_config(None, {"gnn.layers": 4, "head.name": "span"})
    assert type(config.model) is ModelConfig
    assert config.model.gnn is config.gnn
    assert config.model.head is config.head
    assert ModelConfig.model_validate_json(config.model.model_dump_json()) == config.model


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_explained_and_has_a_default(section: str) -> None:
    kind = type(getattr(RunConfig(), section))
    assert kind.model_fields
    for name, setting in kind.model_fields.items():
        assert setting.description, f"{section}.{name}"
        assert not setting.is_required(), f"{section}.{name}"


def test_dotted_names_are_undone_by_nested() -> None:
    tables = {"gnn": {"options": {"heads": 2}, "name": "gat"}, "seed": 3, "head": {"name": "crf"}}
    flat = list(dotted(tables))
    assert dict(flat) == {"gnn.options.heads": 2, "gnn.name": "gat", "seed": 3, "head.name": "crf"}
    names = [name for name, _ in flat]
    assert names.index("gnn.name") < names.index("gnn.options.heads"), "a part, then its options"
    assert nested(dict(flat)) == tables


def test_variables_are_those_that_somebody_has_set() -> None:
    environment = {"PATH": "x"}
    set_up(environment)
    assert environment == {"PATH": "x", **WAITING, **REMEMBERED}
    assert without_ours(environment) == {"PATH": "x"}
    for name, value in (("OMP_WAIT_POLICY", "active"), ("GOMP_SPINCOUNT", "5")):
        environment = {name: value}
        set_up(environment)
        assert environment == {name: value, **REMEMBERED}
        assert without_ours(environment) == {name: value}
