"""Targets that take long: whole run folders, combinations, and the input of `predict`."""

import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from typer.testing import CliRunner

from fuzz.targets import Target
from synner_graph.cli import app
from synner_graph.config import nested
from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.combination.combiner import Combiner
from synner_graph.evaluation.combination.pool import Weight
from synner_graph.evaluation.combination.saved import load_combination, save_combination
from synner_graph.publishing.card import licence_of, metrics_of
from synner_graph.recogniser.continued import settings_of
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.run_folder import COMBINATION, METRICS, RunFolder
from synner_graph.recogniser.settings import Place, combine
from synner_graph.recogniser.synner import SynNER
from synner_graph.recogniser.transaction import MANIFEST, Manifest, Stamp
from synner_graph.training.resume import begin
from tests.fixtures import save_tiny_transformer, tiny_config

SUFFIXES = (".txt", ".jsonl", ".conllu", ".conllx", ".json")
SENTENCE = Sentence(["Ann", "saw", "Oslo"], heads=[1, -1, 1], relations=["nsubj", "root", "obj"])
PLACES = 4
"""Bytes of an input that say where in a file it goes."""


@cache
def _run() -> Path:
    """Make the folder of a tiny run with all parts and random weights."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-run-"))
    save_tiny_transformer(folder / "transformer", layers=1)
    config = tiny_config(folder / "transformer", parser__name="biaffine")
    torch.manual_seed(0)
    rows = load_corpus("sample").splits["train"][:40]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")
    ner.save_pretrained(folder / "run")
    return folder / "run"


@cache
def _names() -> list[str]:
    return [MANIFEST, *sorted(RunFolder(_run()).read())]


def _spoilt_run(data: bytes, folder: Path) -> None:
    """Open a run of which one file is spoilt, by an input that says which and how.

    The manifest gives the size and the digest of the spoilt file: it would be the end of it else.
    """
    if len(data) < 2 + PLACES:
        return
    name = _names()[data[0] % len(_names())]
    run = folder / "run"
    shutil.copytree(_run(), run)
    content = (run / name).read_bytes()
    place = int.from_bytes(data[2 : 2 + PLACES], "little") % (len(content) + 1)
    new = data[2 + PLACES :]
    spoilt = [
        new,
        content[:place] + new + content[place + len(new) :],
        content[:place] + new + content[place:],
        content[:place],
    ][data[1] % 4]
    (run / name).write_bytes(spoilt)
    if name != MANIFEST:
        manifest = Manifest.from_json((run / MANIFEST).read_bytes(), run / MANIFEST)
        if name in manifest.files:
            manifest.files[name] = Stamp.of(spoilt)
        (run / MANIFEST).write_bytes(manifest.to_json())
    SynNER.from_pretrained(run, "torch", "cpu", "naive").predict([SENTENCE])


def _run_seeds() -> list[bytes]:
    """Give an input for each file and each way to spoil it."""
    numbers = (b"0", b"-1", b"null", b"99999999999", b'"', b"[]", b"\xff")
    return [
        bytes([file, way]) + (97 * (file + way + 1)).to_bytes(PLACES, "little") + number
        for file in range(len(_names()))
        for way in range(4)
        for number in numbers[way::4]
    ]


def _combination(data: bytes, folder: Path) -> None:
    """Open a combination that says something else, and have it name entities."""
    (folder / "member").symlink_to(_run())
    RunFolder(folder / "run").commit({COMBINATION: data})
    load_combination(folder / "run", "torch", "cpu", "naive").predict([SENTENCE])


def _combination_seeds() -> list[bytes]:
    """Give a combination for each way to combine."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        member = Path(place, "member")
        member.symlink_to(_run())
        weights = (Weight(), Weight(0.5, {"PER": 0.25}))
        for method in ("majority", "weighted-by-type", "mean", "span"):
            run, judge = Path(place, method), member if method == "span" else None
            save_combination(run, Combiner(method, weights), [member] * 2, judge)
            values = json.loads((run / COMBINATION).read_bytes())
            for reference in (*values["members"], values["judge"] or {}):
                reference["path"] = "../member"
            found.append(json.dumps(values).encode())
    return found


def _metrics(data: bytes, folder: Path) -> None:
    """Have all that reads the metrics of a run read some that say something else."""
    place = folder / "run"
    shutil.copytree(_run(), place)
    run = RunFolder(place)
    run.update({METRICS: data})

    def go_on() -> None:
        combine((Place("run", nested(settings_of(str(place))), shared=True),))

    def hand_on() -> None:
        licence_of("MIT", metrics_of(run))

    def resume() -> None:
        begin(run, {"training.epochs": 3}, overwrite=False, resume=True, inputs=())

    refused: InputError | None = None
    for use in (go_on, hand_on, resume):
        try:
            use()
        except InputError as error:
            refused = error
    if refused is not None:
        raise refused


def _metrics_seeds() -> list[bytes]:
    values = {"corpus": {"name": "sample"}, "config": {"training": {"epochs": 3}}}
    return [json.dumps(values | {"resumes": 1}).encode()]


def _predict(data: bytes, folder: Path) -> None:
    """Have the command line name the entities of an input; the first byte says what file it is."""
    path = folder / f"input{SUFFIXES[(data[0] if data else 0) % len(SUFFIXES)]}"
    path.write_bytes(data[1:])
    command = ["-q", "predict", str(_run()), "--input", str(path), "--graph-backend", "torch"]
    output = folder / f"output{'.jsonl' if path.suffix == '.txt' else path.suffix}"
    result = CliRunner().invoke(app, [*command, "--output", str(output), "--device", "cpu"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code == 2:
        raise InputError(result.stderr)
    if result.exit_code != 0:
        raise AssertionError(f"exit code {result.exit_code}: {result.output}")
    if path.suffix == ".txt":
        named = [json.loads(line)["text"] for line in output.read_bytes().splitlines()]
        lines = data[1:].decode().removeprefix("\ufeff").split("\n")
        given = [line.removesuffix("\r") for line in lines]
        if given and given[-1] == "":
            given.pop()
        if named != given:
            raise AssertionError("the lines that come out are not those that went in")


def _predict_seeds() -> list[bytes]:
    tree = b"1\tAnn\t_\t_\t_\t_\t2\tnsubj\t_\t_\n2\tsaw\t_\t_\t_\t_\t0\troot\t_\t_\n\n"
    return [
        b"\0Ann saw Oslo.\nBob, too.\n",
        b'\1{"text": "Ann saw Oslo."}\n',
        b'\1{"tokens": ["Ann", "saw"], "heads": [1, -1]}\n',
        b"\2" + tree,
        b"\3" + tree.replace(b"\t_\t_\n", b"\t_\t_\tO\n"),
        b'\4[{"text": "Ann"}]',
    ]


def targets() -> dict[str, Target]:
    """Return a target for each program."""
    seeds: Callable[[], list[bytes]] = _run_seeds
    return {
        "run-folder": Target(_spoilt_run, seeds, timed=True),
        "combination": Target(_combination, _combination_seeds, timed=True),
        "metrics": Target(_metrics, _metrics_seeds, timed=True),
        "predict": Target(_predict, _predict_seeds, timed=True),
    }
