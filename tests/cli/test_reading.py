"""The bundle of options that say how files are read."""

import inspect
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.config import DataConfig


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @reads("features")
    def show(
        name: Annotated[str, typer.Argument()],
        reading: Reading = AS_USUAL,
        loud: bool = False,
    ) -> None:
        print(name, reading, loud)

    return app


def test_a_command_gets_its_options_as_one_object(app: typer.Typer) -> None:
    options = ("--data-dir", "corpora", "--scheme", "bio", "--repair", "--no-cache", "--loud")
    result = CliRunner().invoke(app, ["run", *options])
    assert result.exit_code == 0, result.output
    read = Reading(data_dir=Path("corpora"), scheme="bio", repair=True, no_cache=True)
    assert result.stdout == f"run {read} True\n"


def test_an_option_that_is_left_out_does_not_exist(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["run", "--encoder.features", "x.h5"])
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_the_options_stand_where_the_bundle_stood() -> None:
    @reads("no_cache", "features")
    def command(first: int = 0, reading: Reading = AS_USUAL, last: int = 0) -> None: ...

    expected = ["first", "data_dir", "format", "scheme", "repair", "multiple_roots", "last"]
    assert list(inspect.signature(command).parameters) == expected


def test_only_what_was_given_is_a_setting() -> None:
    assert AS_USUAL.settings() == {}
    given = Reading(Path("corpora"), "iob2", "bio", True, True, no_cache=True).settings()
    assert DataConfig(**given) == DataConfig(
        data_dir=Path("corpora"),
        format="iob2",
        scheme="bio",
        repair=True,
        multiple_roots=True,
        cache=False,
    )
