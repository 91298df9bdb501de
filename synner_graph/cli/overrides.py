"""Settings from the command line: plain options, and `--section.key value` for all others."""

import tomllib
from collections.abc import Sequence
from typing import Any

from synner_graph.errors import InputError


def parse_overrides(arguments: Sequence[str]) -> dict[str, Any]:
    """Dotted options as settings: `--gnn.layers 3` or `--gnn.layers=3`.

    Values are read as TOML where they can be (`3`, `true`, `["self"]`), else as strings.

    Raises:
        InputError: For anything that is not a dotted option with a value.
    """
    settings: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if not name.startswith("--"):
            raise InputError(f"Unexpected argument {argument!r}.")
        if "." not in name:
            raise InputError(
                f"There is no option {name}; see --help, or write a setting with its section, "
                "such as --gnn.layers 3."
            )
        if not equals:
            value = next(rest, "")
            if not value or value.startswith("--"):
                raise InputError(f"The setting {name} needs a value.")
        settings[name.removeprefix("--")] = _literal(value)
    return settings


def _literal(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
