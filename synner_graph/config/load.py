"""Settings out of files and overrides, and what to say where they are wrong."""

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from synner_graph.config.sections import RunConfig
from synner_graph.errors import InputError, suggest


def load_config(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    """Settings from a TOML file, with dotted overrides such as `{"gnn.layers": 3}` on top.

    Options of parts are taken as they are: `recogniser.resolve.check` looks at them.

    Raises:
        InputError: for an unreadable file, an unknown key or a value of the wrong kind.
    """
    tables = {} if path is None else read_tables(path)
    try:
        return RunConfig.model_validate(nested(overrides or {}, tables))
    except ValidationError as error:
        raise InputError(explain(error)) from error


def read_tables(path: Path) -> dict[str, Any]:
    """The settings in a TOML file, unchecked.

    Raises:
        InputError: The file is unreadable.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # an integer, a nesting beyond bounds
        raise InputError(f"Cannot read the settings in {path}: {error}") from error
    tables.pop("recipe", None)  # what a recipe says of itself is no setting: see recipes.py
    return tables


def nested(
    flat: Mapping[str, Any], below: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Tables of settings out of dotted names, on top of other tables.

    Raises:
        InputError: A name goes on behind a setting that is no table.
    """
    tables: dict[str, Any] = deepcopy(dict(below))
    for key, value in flat.items():
        *sections, leaf = key.split(".")
        table = tables
        for section in sections:
            table = table.setdefault(section, {})
            if not isinstance(table, dict):
                raise InputError(f"The setting {key!r} does not exist: {section!r} is not a table.")
        table[leaf] = value
    return tables


def dotted(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of settings, which `nested` undoes; a part's name before its options.

    Args:
        tables: Settings in tables.
        prefix: What every name begins with.
    """
    for key, value in sorted(tables.items(), key=lambda item: isinstance(item[1], Mapping)):
        if isinstance(value, Mapping):
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def explain(error: ValidationError, model: type[BaseModel] = RunConfig) -> str:
    """One sentence for the first thing that pydantic refused.

    Args:
        error: What pydantic raised.
        model: What it was to validate.
    """
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"The setting {key!r} does not exist.{_hint(model, first['loc'])}"
    message = first["ctx"]["error"] if first["type"] == "value_error" else first["msg"]
    if isinstance(first["input"], dict) and first["type"] == "value_error":
        return f"The settings of {key!r} contradict each other: {message}."
    return f"The setting {key!r} is wrong: {message}, got {first['input']!r}."


def _hint(model: type[BaseModel], place: tuple[int | str, ...]) -> str:
    """The setting that was meant, where the table that should hold it is one of settings."""
    table: Any = model
    for part in place[:-1]:
        field = table.model_fields.get(part)
        table = None if field is None else field.annotation
        if not (isinstance(table, type) and issubclass(table, BaseModel)):
            return ""
    return suggest(str(place[-1]), table.model_fields)
