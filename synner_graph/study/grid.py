"""A grid file: rows of settings, each run with every tuning and every seed."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from synner_graph.config import RunConfig, Section, explain
from synner_graph.errors import InputError
from synner_graph.gnn import check_options
from synner_graph.graph.edges import EdgeInventory


class Grid(Section):
    """What a grid file holds.

    `settings` are those of every cell, as in a configuration file; a row's own stand above them,
    the tuning above both.
    """

    title: str = Field(description="what the study asks")
    control: str | None = Field(None, description="row that the others are compared with")
    test: bool = Field(False, description="score the test split; else it is not even read")
    seeds: tuple[int, ...] = Field(min_length=1, description="every row is run with each")
    settings: dict[str, Any] = Field({}, description="settings of every cell")
    tune: dict[str, tuple[Any, ...]] = Field(
        {}, description="setting -> values; the best combination on dev stands for its row"
    )
    rows: dict[str, dict[str, Any]] = Field(min_length=1, description="name -> settings")

    @model_validator(mode="after")
    def check_names(self) -> "Grid":
        """The control is a row, seeds and values come once."""
        if self.control is not None and self.control not in self.rows:
            raise ValueError(f"control {self.control!r} is not a row")
        for name, values in {"seeds": self.seeds, **self.tune}.items():
            if not values or any(value in values[:i] for i, value in enumerate(values)):
                raise ValueError(f"{name} needs values, each once")
        return self


@dataclass(frozen=True, slots=True)
class Cell:
    """One training of a study."""

    row: str
    tuning: Mapping[str, Any]
    seed: int
    config: RunConfig

    def __str__(self) -> str:
        values = [f"{key} {value}" for key, value in self.tuning.items()]
        return ", ".join([self.row, *values, f"seed {self.seed}"])


def read_grid(path: Path) -> Grid:
    """Read a grid file (TOML).

    Raises:
        InputError: for an unreadable file, or one that is no grid.
    """
    try:
        return Grid.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read the grid in {path}: {error}") from error
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error)}") from error


def cells(grid: Grid) -> list[Cell]:
    """Every cell of a grid. Seeds come last, so that all rows have one before any has two.

    Raises:
        InputError: Settings of a row do not exist, or contradict each other.
    """
    return [
        Cell(row, tuning, seed, _config(grid, row, tuning, seed))
        for seed in grid.seeds
        for row in grid.rows
        for tuning in tunings(grid)
    ]


def tunings(grid: Grid) -> Iterator[dict[str, Any]]:
    """Every combination of the values to tune; one without any where there is nothing to tune."""
    for values in product(*grid.tune.values()):
        yield dict(zip(grid.tune, values, strict=True))


def _config(grid: Grid, row: str, tuning: Mapping[str, Any], seed: int) -> RunConfig:
    tables: dict[str, Any] = {}
    for layer in (grid.settings, grid.rows[row], _nested(tuning), {"training": {"seed": seed}}):
        tables = _merged(tables, layer)
    try:
        config = RunConfig.model_validate(tables)
        EdgeInventory(config.gnn.edges, ())
        return config.model_copy(update={"gnn": check_options(config.gnn)})
    except ValidationError as error:
        raise InputError(f"Row {row!r}: {explain(error)}") from error
    except InputError as error:
        raise InputError(f"Row {row!r}: {error}") from error


def _nested(dotted: Mapping[str, Any]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for key, value in dotted.items():
        for name in reversed(key.split(".")):
            value = {name: value}
        tables = _merged(tables, value)
    return tables


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two nested tables as one; where both have a value, that of `above`."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
