"""The Dockerfile, which no test builds: its commands name what there is, in an order that works."""

import json
import re
import shlex
import tomllib

import typer.core
import typer.main

from synner_graph.cli import app
from tests.places import ROOT

TEXT = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
LINES = [line.split(None, 1) for line in TEXT.replace("\\\n", " ").splitlines() if line.strip()]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def arguments(name: str) -> list[str]:
    """What stands behind the instructions of that name."""
    return [rest.strip() for instruction, rest in LINES if instruction == name]


def test_the_instructions_are_those_of_docker() -> None:
    known = {
        *("FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    names = [instruction for instruction, _ in LINES]
    assert set(names) == known
    assert names[0] == "FROM"
    for once in ("FROM", "WORKDIR", "USER", "ENTRYPOINT", "CMD", "EXPOSE", "HEALTHCHECK"):
        assert names.count(once) == 1


def test_the_image_is_of_the_python_that_the_pins_are_for() -> None:
    assert arguments("FROM") == ["python:3.11-slim"]


def test_what_is_copied_is_there_and_in_the_context() -> None:
    context = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert context[0] == "*"
    copied = [source for line in arguments("COPY") for source in line.split()[:-1]]
    assert all((ROOT / source).exists() for source in copied)
    assert {f"!{source}" for source in copied} == {line for line in context if line[0] == "!"}
    # What setuptools reads to build the package.
    listed = PYPROJECT["tool"]["setuptools"]["package-dir"].values()
    needed = {"pyproject.toml", PYPROJECT["project"]["readme"], *(p.split("/")[0] for p in listed)}
    assert needed | set(PYPROJECT["project"]["license-files"]) <= set(copied)


def test_every_command_is_whole() -> None:
    for line in arguments("RUN"):
        for command in line.split("&&"):
            words = shlex.split(command)
            assert words[0] in {"apt-get", "rm", "grep", "pip", "useradd"}
            if words[:2] == ["apt-get", "install"]:
                assert "--yes" in words


def test_the_extras_and_pins_are_there() -> None:
    [install] = [line for line in arguments("RUN") if ".[" in line]
    extras = re.search(r"\.\[([\w,]+)\]", install)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(PYPROJECT["project"]["optional-dependencies"])
    assert "serve" in extras[1].split(",")
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert sum(line.startswith("torch==") for line in pins) == 1


def test_the_server_is_started_as_it_can_be() -> None:
    program, *words = json.loads(arguments("ENTRYPOINT")[0]) + json.loads(arguments("CMD")[0])
    assert program in PYPROJECT["project"]["scripts"]
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    name, *rest = words
    assert name == "serve"
    given = group.commands[name].make_context(name, rest).params
    assert given["host"] == "0.0.0.0"
    assert [str(given["port"])] == arguments("EXPOSE")
    [check] = arguments("HEALTHCHECK")
    assert f"http://127.0.0.1:{given['port']}/health" in check
    compile(json.loads(check.split("CMD ")[1])[2], "HEALTHCHECK", "exec")


def test_the_server_is_not_root() -> None:
    names = [instruction for instruction, _ in LINES]
    [user] = arguments("USER")
    assert user != "root"
    assert any(f"useradd --create-home {user}" in line for line in arguments("RUN"))
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")
