"""`parts`, as it is typed."""

import json
from collections.abc import Callable

import pytest

from synner_graph.config import RunConfig
from synner_graph.encoders.settings import PARTS
from synner_graph.model.kinds import KINDS
from tests.cli.conftest import Run


def test_every_part_of_every_kind_is_listed(run: Run) -> None:
    found = json.loads(run("parts", "list", "--json").stdout)
    expected = {("encoder", name) for name in PARTS}
    expected |= {(section, name) for section, kind in KINDS.items() for name in kind.parts}
    assert {(part["kind"], part["name"]) for part in found} == expected
    assert all(part["summary"].endswith((".", ")")) for part in found)
    assert all(option["description"] for part in found for option in part["options"])


def test_the_table_fits_and_names_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    table = run("parts", "list").stdout
    assert "--head.decode flat" in table and "--recurrent.interaction mlp" in table


def test_one_part_in_full(run: Run) -> None:
    shown = run("parts", "show", "recurrent", "dglstm").stdout
    assert "h¹ = BiLSTM" in shown and "Source: Jie and Lu" in shown
    assert "--recurrent.interaction mlp | addition | concatenation" in shown
    assert "--encoder.shape_size" in run("parts", "show", "encoder", "shape").stdout
    assert json.loads(run("parts", "show", "parser", "trees", "--json").stdout)["options"] == []


def test_unknown_kinds_and_names_are_refused(refused: Callable[..., str]) -> None:
    assert "Did you mean 'head'" in refused("parts", "show", "heads", "crf")
    assert "Unknown head 'crff'. Did you mean 'crf'" in refused("parts", "show", "head", "crff")
    assert "part of the encoder 'shapes'" in refused("parts", "show", "encoder", "shapes")


@pytest.mark.parametrize("section", KINDS)
def test_every_option_is_explained_has_a_default_and_a_name_of_its_own(section: str) -> None:
    common = type(getattr(RunConfig(), section)).model_fields
    for part in KINDS[section].parts.values():
        for name, setting in part.Options.model_fields.items():
            assert setting.description and not setting.is_required(), name
            assert name not in common, name
