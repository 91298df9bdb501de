"""A grid file: rows of settings, each run with every tuning and every seed."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from synner_graph.config import RunConfig, Section, explain, nested
from synner_graph.errors import InputError

Protocol = Literal["own", "raw"]


class Grid(Section):
    """The content of a grid file.

    `settings` are those of every cell, as in a configuration file; a row's own stand above them,
    the tuning above both. A row takes of settings and tuning what its parts read.
    """

    title: str = Field(description="what the study asks")
    control: str | None = Field(None, description="row that the others are compared with")
    test: bool = Field(False, description="score the test split; else it is not even read")
    protocols: tuple[Protocol, ...] = Field(
        (), description="own: score on trees of the model's own, too; raw: from raw text"
    )
    seeds: tuple[int, ...] = Field(min_length=1, description="every row is run with each")
    settings: dict[str, Any] = Field({}, description="settings of every cell")
    tune: dict[str, tuple[Any, ...]] = Field(
        {}, description="setting -> values; the best combination on dev stands for its row"
    )
    rows: dict[str, dict[str, Any]] = Field(min_length=1, description="name -> settings")

    @property
    def judged(self) -> str:
        """The split that rows are judged on."""
        return "test" if self.test else "dev"

    @model_validator(mode="after")
    def check_names(self) -> "Grid":
        """Check that the control is a row, and that no seed or value comes twice."""
        if self.control is not None and self.control not in self.rows:
            raise ValueError(f"control {self.control!r} is not a row")
        for name, values in {
            "seeds": self.seeds,
            "protocols": self.protocols or ("",),
            **self.tune,
        }.items():
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
        InputError: For an unreadable file, or one that is no grid.
    """
    try:
        return Grid.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise InputError(f"{path}: {explain(error, Grid)}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"Cannot read the grid in {path}: {error}") from error


def cells(grid: Grid) -> list[Cell]:
    """List the cells of a grid, seed by seed: all rows have one seed before any has two.

    Tunings that differ in nothing that a row reads are one cell of it.

    Raises:
        InputError: Settings of a row do not exist, contradict each other or have no effect, or
            settings of the grid have no effect in any row.
    """
    found: list[Cell] = []
    unread: list[set[tuple[str, str]]] = []
    for row in grid.rows:
        mine: list[Cell] = []
        for tuning in tunings(grid):
            config, dropped = _config(grid, row, tuning)
            unread.append({(place, key) for place, keys in dropped.items() for key in keys})
            if all(config != cell.config for cell in mine):
                mine.append(Cell(row, tuning, grid.seeds[0], config))
        found.extend(mine)
    for place, key in sorted(set.intersection(*unread)):
        raise InputError(f"The setting {key!r} of the {place} has no effect in any row.")
    return [
        replace(cell, seed=seed, config=_seeded(cell, seed))
        for seed in grid.seeds
        for cell in found
    ]


def tunings(grid: Grid) -> Iterator[dict[str, Any]]:
    """List every combination of the values to tune; an empty one if there is nothing to tune."""
    for values in product(*grid.tune.values()):
        yield dict(zip(grid.tune, values, strict=True))


def _config(
    grid: Grid, row: str, tuning: Mapping[str, Any]
) -> tuple[RunConfig, dict[str, set[str]]]:
    """Return the settings of a row, and those of the grid and the tuning that it does not read."""
    # All parts come with it, and with them what trains: too slow for whoever reads results.
    from synner_graph.recogniser.settings import Place, combine

    places = (
        Place("settings", grid.settings, shared=True),
        Place(f"row {row!r}", grid.rows[row]),
        Place("tuning", nested(tuning), shared=True),
    )
    try:
        return combine(places)
    except InputError as error:
        raise InputError(f"Row {row!r}: {error}") from error


def _seeded(cell: Cell, seed: int) -> RunConfig:
    training = cell.config.training.model_copy(update={"seed": seed})
    return cell.config.model_copy(update={"training": training})
