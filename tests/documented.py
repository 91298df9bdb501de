"""The commands that the documentation names, in the order of its pages."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer

from synner_graph.cli import app
from tests.places import ROOT

CLI = ("synner", "$(BIN)/synner")
PROGRAMS = (*(f"{name} " for name in CLI), "python benchmarks/", ".venv/bin/", "make ", "pip ")
BEFORE = re.compile(r"^(?:[A-Z_]+=\S+ |/usr/bin/time -v |nice -n \d+ )+")
IN_TEXT = re.compile(r"`((?:nice -n \d+ )?(?:python benchmarks/\w+\.py|synner) [^`]+)`")


@dataclass(frozen=True)
class Command:
    """One command of a page, as it is written there."""

    page: str
    text: str
    in_a_sentence: bool = False

    @property
    def bare(self) -> str:
        """The command without comments, and without what sets variables, measures or delays it."""
        return BEFORE.sub("", re.sub(r"\s+#.*", "", self.text))

    @property
    def arguments(self) -> list[str] | None:
        """What stands behind the name of our program; None for another program."""
        for name in CLI:
            if self.bare.startswith(f"{name} "):
                return shlex.split(self.bare.removeprefix(name))
        return None


def documented_commands() -> Iterator[Command]:
    """Yield the commands of the Makefile, of every page, of the notebooks and of `--help`."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in makefile.splitlines():
        if line.strip().startswith("$(BIN)/synner"):
            yield Command("Makefile", line.strip())
    names = ("README.md", "CONTRIBUTING.md", "datasets/README.md")
    for path in (*(ROOT / name for name in names), *sorted((ROOT / "docs").glob("*.md"))):
        name = path.relative_to(ROOT).as_posix()
        yield from commands_of_page(name, path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        yield from commands_of_page(f"notebooks/{path.name}", text)
    for text in help_texts(typer.main.get_command(app)):
        for command in re.findall(r"^(?:Example:|  ) *(synner .+(?:\n\S.*)*)", text, re.M):
            yield Command("--help", " ".join(command.split()))


def commands_of_page(name: str, text: str) -> Iterator[Command]:
    """Yield the commands in the code of a Markdown page: indented, fenced, or in a sentence."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        code = line.strip().removeprefix("$ ")
        if BEFORE.sub("", code).startswith(PROGRAMS) and (line[0] == " " or _fenced(line, text)):
            yield Command(name, code)
    sentences = " ".join(re.sub(r"^```.*?^```", "", text, flags=re.M | re.S).split())
    for command in IN_TEXT.findall(sentences):
        yield Command(name, command, in_a_sentence=True)


def _fenced(line: str, text: str) -> bool:
    return any(line in block for block in re.findall(r"^```.*?^```", text, flags=re.M | re.S))


def help_texts(command: Any) -> Iterator[str]:
    """Yield the help of a command and of those below it."""
    yield command.help or ""
    for below in getattr(command, "commands", {}).values():
        yield from help_texts(below)


def documented_python(page: str) -> Iterator[tuple[int, str]]:
    """Yield the blocks of Python of a page, each with the line before its first."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        yield text.count("\n", 0, block.start(1)), block.group(1)


def pages_with_python() -> list[str]:
    """Name the pages that show Python."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    names = [path.relative_to(ROOT).as_posix() for path in pages]
    return [name for name in names if any(documented_python(name))]
