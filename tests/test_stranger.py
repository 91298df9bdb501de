"""The path of somebody who has the wheel and a file of columns, and no checkout."""

import json
import os
import random
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from tests.built import PIP, built_wheel
from tests.places import ROOT

NAMES = ("Ann", "Bruno", "Clara", "Dimitri", "Elena", "Farid", "Greta", "Hiro")
TOWNS = ("Oslo", "Porto", "Quito", "Riga", "Sofia", "Turin", "Utrecht", "Vienna")
TEXT = "Clara met Bruno in Riga ."


def write_columns(path: Path, sentences: int, seed: int) -> None:
    """Write sentences about people in towns, a token and a tag a line."""
    draw = random.Random(seed)
    lines = []
    for _ in range(sentences):
        one, two, town = draw.choice(NAMES), draw.choice(NAMES), draw.choice(TOWNS)
        tagged = [(one, "B-PER"), ("met", "O"), (two, "B-PER"), ("in", "O"), (town, "B-LOC")]
        lines += [f"{token} {tag}" for token, tag in (*tagged, (".", "O"))] + [""]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


class Environment:
    """An environment of its own, which sees the installed dependencies but not this project.

    Args:
        folder: Where to make it; commands run there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "env", with_pip=False)
        self.bin = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        scheme = {"base": str(folder / "env"), "platbase": str(folder / "env")}
        # A line of a .pth file adds a folder without its own .pth files: not the checkout, which
        # an editable install names in one of these.
        place = Path(sysconfig.get_path("purelib", vars=scheme), "dependencies.pth")
        place.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        kept = ("PATH", "HOME", "SYNNER_CACHE_DIR", "TMPDIR", "LANG")
        self.variables = {key: os.environ[key] for key in kept if key in os.environ}
        self.variables |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}

    def install(self, wheel: Path) -> None:
        """Install a wheel, which needs nothing that is not there."""
        python = str(self.bin / "python")
        command = [*PIP, "--python", python, "install", "--no-index", str(wheel)]
        subprocess.run(command, cwd=self.folder, check=True)

    def start(self, *words: object) -> "subprocess.Popen[str]":
        """Start `synner`."""
        return subprocess.Popen(
            [str(self.bin / "synner"), *map(str, words)],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *words: object) -> str:
        """Run `synner` and return what it prints."""
        process = self.start(*words)
        output, errors = process.communicate()
        assert process.returncode == 0, f"{words}\n{output}\n{errors}"
        return output


def entities(line: str) -> list[tuple[str, str]]:
    """Text and label of the entities of an answer."""
    return [(entity["text"], entity["label"]) for entity in json.loads(line)["entities"]]


@pytest.mark.slow
def test_from_the_wheel_to_a_package_of_ones_own(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    wheel = built_wheel(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    there = Environment(home)
    there.install(wheel)
    where = subprocess.run(
        [there.bin / "python", "-c", "import synner_graph; print(synner_graph.__file__)"],
        cwd=home,
        env=there.variables,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(home)

    write_columns(home / "train.conll2003", 80, seed=1)
    write_columns(home / "dev.conll2003", 20, seed=2)
    there.run(
        *("train", "--train", "train.conll2003", "--dev", "dev.conll2003", "--output", "mine"),
        *("--encoder", "lexical", "--syntax", "none", "--epochs", 8, "--device", "cpu"),
    )
    expected = [("Clara", "PER"), ("Bruno", "PER"), ("Riga", "LOC")]
    assert entities(there.run("predict", "mine", TEXT)) == expected

    process = there.start("serve", "mine", "--port", 0)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert " is served at http" in line, process.communicate()
        url = line.split(" is served at ")[1].split()[0]
        body = json.dumps({"text": TEXT}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{url.rstrip('/')}/predict", body, headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert entities(answer.read().decode()) == expected
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()

    there.run("visualize", "mine", "--input", "dev.conll2003", "--index", 1, "-o", "one.svg")
    assert "<svg" in (home / "one.svg").read_text(encoding="utf-8")

    there.run("package", "mine", "--license", "CC0-1.0", "--name", "synner-towns", "-o", "dist")
    packed = home / "dist" / "synner_towns-1.0.0-py3-none-any.whl"
    there.install(packed)
    (home / "mine").rename(home / "away")
    assert entities(there.run("predict", "synner-towns", TEXT)) == expected
    with zipfile.ZipFile(packed) as archive:
        texts = [archive.read(n) for n in archive.namelist() if not n.endswith(".safetensors")]
    for text in texts:
        assert str(ROOT).encode() not in text
    assert not sys.prefix.startswith(str(home))
