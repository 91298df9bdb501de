"""Training that is killed and resumed ends as it would have without the kill."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.recogniser.synner import SynNER
from synner_graph.training import prepared
from synner_graph.training import run as training
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.interval import Interval
from synner_graph.training.learner import Learner
from synner_graph.training.metrics import dev_scores
from synner_graph.training.randomness import random_states
from synner_graph.training.run import train
from tests.fixtures import outcome, tiny_config

EVERY_STEP = Interval(steps=1)
EPOCHS = Interval(steps=1000)
PARSER = {"parser__name": "biaffine", "parser__arc_size": 8, "parser__relation_size": 4}
SGD = {"training__optimizer": "sgd", "training__schedule": "inverse", "training__decay": 0.5}
CHARACTERS: dict[str, dict[str, Any]] = {
    "crf": {},
    "span": {"head__name": "span"},
    "jackknife": {**PARSER, "parser__jackknife": 2},
    "own trees": {**PARSER, "parser__own_trees": 0.7, "parser__tree_noise": 1.0},
    "soft heads": {**PARSER, "parser__soft_heads": 2, "parser__soft_relations": 2},
    "patience": {"training__epochs": 9, "training__patience": 2},
    "sgd": SGD,
    "bf16": {"training__precision": "bf16"},
    "ema": {"training__ema": 0.9, "training__epochs": 3},
    "ema-jackknife": {"training__ema": 0.9, **PARSER, "parser__jackknife": 2},
    "rdrop": {"training__rdrop": 1.0},
}
TRANSFORMER: dict[str, dict[str, Any]] = {
    "parser": PARSER,
    "lora": {"encoder__lora_rank": 2},
    "frozen": {"encoder__freeze": 1},
    "adversarial": {"training__adversarial": 0.5},
    "all-at-once": {
        "training__adversarial": 0.5,
        "training__rdrop": 1.0,
        "training__ema": 0.9,
        "training__layer_decay": 0.8,
        "training__precision": "bf16",
        "head__name": "span",
        **PARSER,
        "parser__own_trees": 0.7,
    },
}


class Killed(BaseException):
    """What a signal would do, at a moment that a test can choose."""


@pytest.fixture
def corpus(small_corpus: Corpus) -> Corpus:
    """So small that an epoch has three batches, the last of them smaller."""
    sizes = {"train": 10, "dev": 8, "test": 4}
    splits = {split: small_corpus.splits[split][:size] for split, size in sizes.items()}
    return replace(small_corpus, splits=splits)


@pytest.fixture
def any_precision() -> Iterator[None]:
    """Let a test train with another precision: accelerate fixes it for the life of a process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(autouse=True)
def scores_of_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every bit of the weights decide which epoch is the best."""

    def scores(ner: SynNER, *_: Any) -> dict[str, float]:
        digest = hashlib.sha256()
        for tensor in ner.model.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        return {"dev_f1": float(digest.digest()[0])}

    monkeypatch.setattr(training, "dev_scores", scores)


@pytest.fixture
def settings_of(tiny_transformer: Path) -> Callable[[str], RunConfig]:
    """Every setting of a kind of training."""

    def settings(kind: str) -> RunConfig:
        if kind == "lora":
            pytest.importorskip("peft")
        encoder = tiny_transformer if kind in TRANSFORMER else "characters"
        return tiny_config(encoder, training__batch_size=4, **(CHARACTERS | TRANSFORMER)[kind])

    return settings


@pytest.fixture
def crf(settings_of: Callable[[str], RunConfig]) -> RunConfig:
    return settings_of("crf")


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {}


@pytest.fixture
def whole(
    settings_of: Callable[[str], RunConfig],
    corpus: Corpus,
    wholes: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """The run of a training that nothing interrupts, made once."""

    def run(kind: str) -> Path:
        if kind not in wholes:
            wholes[kind] = tmp_path_factory.mktemp(kind) / "whole"
            start(settings_of(kind), corpus, wholes[kind])
        return wholes[kind]

    return run


def start(config: RunConfig, corpus: Corpus, folder: Path, **options: Any) -> dict[str, Any]:
    defaults = {"device": "cpu", "progress": False}
    return train(config, corpus, folder, **defaults | options)[0]


def kill_at(patch: pytest.MonkeyPatch, owner: type, method: str, call: int) -> None:
    """Kill the training when that method begins for the `call`-th time."""
    original = getattr(owner, method)
    calls = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        return original(*arguments, **options)

    patch.setattr(owner, method, counted)


def broken_off(config: RunConfig, corpus: Corpus, folder: Path, call: int, **options: Any) -> None:
    """A training that was killed before a step."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, Learner, "learn", call)
        start(config, corpus, folder, **options)


@pytest.mark.usefixtures("any_precision")
@pytest.mark.parametrize("kind", [*CHARACTERS, *TRANSFORMER])
def test_killed_after_every_step(
    kind: str,
    settings_of: Callable[[str], RunConfig],
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    """Every process takes one step, writes a checkpoint and dies; the next one goes on."""
    config, folder = settings_of(kind), tmp_path / "killed"
    expected = outcome(whole(kind))
    metrics: dict[str, Any] = {}
    processes = 0
    while not metrics:
        processes += 1
        assert processes < 30
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            kill_at(patch, Learner, "learn", 2)
            options = {"resume": processes > 1, "checkpoint_every": EVERY_STEP}
            metrics = start(config, corpus, folder, **options)
    steps = 3 * len(metrics["epochs"])
    if "jackknife" in kind:
        steps += 2 * 2 * 2  # two parts of five sentences, two epochs of two batches
    assert processes == metrics["resumes"] + 1 == steps
    assert outcome(folder) == expected
    assert not (folder / ".training").exists()


def test_the_trainings_compared_have_their_best_epoch_anywhere(
    whole: Callable[[str], Path],
) -> None:
    """Else a test would look at the first epoch alone, or patience would never end one.

    Which epoch is best differs between processors: sums are rounded otherwise.
    """
    best = {}
    for kind in ("crf", "span", "patience"):
        epochs = outcome(whole(kind))[1]["epochs"]
        scores = [epoch["dev_f1"] for epoch in epochs]
        best[kind] = (scores.index(max(scores)) + 1, len(epochs))
    assert any(first > 1 for first, _ in best.values()), best
    assert 3 <= best["patience"][1] < 9, best


@pytest.mark.parametrize("kind", ["crf", pytest.param("jackknife", marks=pytest.mark.slow)])
def test_killed_before_any_step_without_checkpoints_within_epochs(
    kind: str,
    settings_of: Callable[[str], RunConfig],
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    for step in range(1, 7 if kind == "crf" else 15):
        folder = tmp_path / f"killed-{step}"
        broken_off(settings_of(kind), corpus, folder, step)
        assert start(settings_of(kind), corpus, folder, resume=True)["resumes"] == 1
        assert outcome(folder) == outcome(whole(kind))
        if kind == "crf":
            log = (folder / "train.log").read_text(encoding="utf-8")
            assert ("Going on from" in log) == (step > 3), "the end of an epoch is a checkpoint"


@pytest.mark.parametrize(
    ("owner", "method", "call"),
    [
        (SynNER, "save_pretrained", 1),
        (Checkpoints, "save", 1),
        (Checkpoints, "_write", 2),
        (RunFolder, "update", 1),
        (RunFolder, "clear_workspace", 1),
        (RunFolder, "clear_workspace", 2),
        (SynNER, "from_pretrained", 1),
    ],
)
def test_killed_between_the_saves(
    owner: type,
    method: str,
    call: int,
    crf: RunConfig,
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, owner, method, call)
        start(crf, corpus, tmp_path / "killed", checkpoint_every=EPOCHS)
    start(crf, corpus, tmp_path / "killed", resume=True)
    assert outcome(tmp_path / "killed") == outcome(whole("crf"))


def test_scoring_and_saving_use_no_random_numbers(
    settings_of: Callable[[str], RunConfig],
    corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def watched(ner: SynNER, *rest: Any) -> dict[str, float]:
        seen.append(random_states(torch.device("cpu")))
        scores = dev_scores(ner, *rest)
        ner.save_pretrained(tmp_path / "beside")
        seen.append(random_states(torch.device("cpu")))
        return scores

    monkeypatch.setattr(training, "dev_scores", watched)
    start(settings_of("jackknife"), corpus, tmp_path / "run")
    assert len(seen) == 4
    assert seen[0] == seen[1] != seen[2] == seen[3]


@pytest.mark.parametrize(
    ("name", "damage", "complaint"),
    [
        ("tensors.safetensors", lambda path: path.unlink(), "No such file"),
        ("tensors.safetensors", lambda path: flip_last_bit(path), "its SHA-256 differs"),
        ("record.json", lambda path: cut(path), "expected [0-9]+ bytes, got [0-9]+"),
        ("seal.json", lambda path: cut(path), "delimiter"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(
    name: str,
    damage: Callable[[Path], None],
    complaint: str,
    crf: RunConfig,
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "killed"
    broken_off(crf, corpus, folder, 6, checkpoint_every=EVERY_STEP)
    older, newest = sorted((folder / ".training").glob("checkpoint-*"))
    damage(newest / name)
    start(crf, corpus, folder, resume=True)
    log = (folder / "train.log").read_text(encoding="utf-8")
    assert re.search(f"WARNING {newest / name} is damaged: .*{complaint}", log)
    assert f"Going on from {older.name}: epoch 2, 1 batches done" in log
    assert outcome(folder) == outcome(whole("crf"))


def flip_last_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def test_without_a_whole_checkpoint_the_training_begins_again(
    crf: RunConfig, whole: Callable[[str], Path], corpus: Corpus, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    broken_off(crf, corpus, folder, 6, checkpoint_every=EVERY_STEP)
    for path in (folder / ".training").glob("checkpoint-*"):
        flip_last_bit(path / "record.json")
    start(crf, corpus, folder, resume=True)
    log = (folder / "train.log").read_text(encoding="utf-8")
    assert log.count("is damaged") == 2
    assert "Resuming after interruption 1: there is no checkpoint, so it begins again" in log
    assert outcome(folder) == outcome(whole("crf"))


def test_damaged_trees_of_a_part_are_made_again(
    settings_of: Callable[[str], RunConfig],
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "killed"
    broken_off(settings_of("jackknife"), corpus, folder, 11)  # while the model itself learns
    flip_last_bit(folder / ".training" / "result-1" / "record.json")
    start(settings_of("jackknife"), corpus, folder, resume=True)
    log = (folder / "train.log").read_text(encoding="utf-8")
    assert log.count("jackknife 1/2: LAS") == 2 and log.count("jackknife 2/2: LAS") == 1
    assert outcome(folder) == outcome(whole("jackknife"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"training__epochs": 5}, "training.epochs was 2 and is 5"),
        ({"gnn__name": "gcn"}, "gnn.name was 'compgcn' and is 'gcn'"),
        ({"training__seed": 7, "training__loss": "sum"}, "training.loss was 'mean' and is 'sum'"),
    ],
)
def test_other_settings_are_refused(
    change: dict[str, Any], message: str, crf: RunConfig, corpus: Corpus, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    other = tiny_config("characters", training__batch_size=4, **change)
    broken_off(crf, corpus, folder, 5)
    with pytest.raises(InputError, match=message):
        start(other, corpus, folder, resume=True)
    whole = start(crf, corpus, folder, resume=True)
    with pytest.raises(InputError, match=message):
        start(other, corpus, folder, resume=True)
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8")) == whole


def test_other_data_weights_and_kernels_are_refused(
    settings_of: Callable[[str], RunConfig],
    corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, folder = settings_of("frozen"), tmp_path / "run"
    broken_off(config, corpus, folder, 5)
    fewer = replace(corpus, splits={**corpus.splits, "dev": corpus.splits["dev"][1:]})
    with pytest.raises(InputError, match="the dev sentences are not the same"):
        start(config, fewer, folder, resume=True)
    with pytest.raises(InputError, match="kernel was 'auto' and is 'naive'"):
        start(config, corpus, folder, resume=True, kernel="naive")
    monkeypatch.setattr(prepared, "frozen_digest", lambda model: "another")
    with pytest.raises(InputError, match="the pretrained weights are not the same"):
        start(config, corpus, folder, resume=True)
    note = folder / ".training" / "run.json"
    values = json.loads(note.read_text("utf-8"))
    values["settings"]["processes"] = 2
    note.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match="processes was 2 and is 1"):
        start(config, corpus, folder, resume=True)


def test_a_finished_run_is_left_alone(
    crf: RunConfig,
    corpus: Corpus,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "run"
    metrics, reports = train(crf, corpus, folder, device="cpu", progress=False, resume=True)
    assert metrics["resumes"] == 0, "there was nothing to resume"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    monkeypatch.setattr(Learner, "learn", None)
    with caplog.at_level("INFO", "synner_graph"):
        again = train(crf, corpus, folder, device="cpu", progress=False, resume=True)
    assert again == (metrics, reports)
    assert f"The run in {folder} is finished: there is nothing left to train" in caplog.text
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_run_stays_until_the_one_that_replaces_it_is_saved(
    settings_of: Callable[[str], RunConfig],
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    start(settings_of("span"), corpus, folder)
    before = outcome(folder)
    broken_off(settings_of("crf"), corpus, folder, 2, overwrite=True)
    assert outcome(folder) == before
    with pytest.raises(InputError, match="is not empty"):
        start(settings_of("crf"), corpus, folder)
    start(settings_of("crf"), corpus, folder, resume=True)
    assert outcome(folder) == outcome(whole("crf"))


def test_a_broken_off_training_is_begun_anew_on_request(
    settings_of: Callable[[str], RunConfig],
    whole: Callable[[str], Path],
    corpus: Corpus,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    broken_off(settings_of("span"), corpus, folder, 5)
    start(settings_of("crf"), corpus, folder, overwrite=True)
    assert outcome(folder) == outcome(whole("crf"))


def test_two_trainings_into_one_folder_are_refused(
    crf: RunConfig, corpus: Corpus, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    broken_off(crf, corpus, folder, 5)
    script = (
        "import sys\nfrom synner_graph.recogniser.run_folder import RunFolder\n"
        "with RunFolder(sys.argv[1]).lock():\n    print('locked', flush=True)\n    input()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None and other.stdout.readline() == b"locked\n"
    for options in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(InputError, match="Another program is writing to"):
            start(crf, corpus, folder, **options)
    other.communicate(b"\n", timeout=60)
    start(crf, corpus, folder, resume=True)


def test_the_log_goes_on(crf: RunConfig, corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    broken_off(crf, corpus, folder, 5)
    start(crf, corpus, folder, resume=True)
    log = (folder / "train.log").read_text(encoding="utf-8")
    told = [line.split("INFO ")[1].split(":")[0] for line in log.splitlines() if "epoch" in line]
    assert told == ["epoch 1", "Going on from checkpoint-00000001", "epoch 2"]
