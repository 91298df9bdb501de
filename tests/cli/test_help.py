"""`--help`: every command says what it does, shows how it is typed, and explains its options."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from synner_graph.cli import app


def commands(command: Any, name: str = "synner") -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, by all its words."""
    below = getattr(command, "commands", {})
    if not below:
        yield name, command
    for word, one in below.items():
        yield from commands(one, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_and_explains_its_options(name: str) -> None:
    command = COMMANDS[name]
    first = command.help.partition("\n\n")[0]
    assert first[0].isupper() and first.rstrip()[-1] == "."
    assert f"Example: {name}" in " ".join(command.help.split())
    unexplained = [p.name for p in command.params if not p.help and p.name != "help"]
    assert unexplained == []


def test_no_command_is_missing() -> None:
    known = {name.partition(" ")[2] for name in COMMANDS}
    assert {"train", "eval", "predict", "serve", "sweep", "bench peers", "data convert"} <= known
