"""Dotted options."""

import pytest

from synner_graph.cli.overrides import parse_overrides
from synner_graph.errors import InputError


def test_values_are_toml_where_they_can_be() -> None:
    arguments = ["--a.int=3", "--a.flag", "true", "--a.list", '["x", "y"]', "--b.text", "syn-lstm"]
    assert parse_overrides(arguments) == {
        "a.int": 3,
        "a.flag": True,
        "a.list": ["x", "y"],
        "b.text": "syn-lstm",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stray"], "Unexpected argument 'stray'"),
        (["--epoch", "3"], "There is no option --epoch"),
        (["--gnn.layers"], "needs a value"),
        (["--gnn.layers", "--gnn.size=3"], "needs a value"),
    ],
)
def test_anything_else_is_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_overrides(arguments)
