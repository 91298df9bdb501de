"""Trackers: what TensorBoard is told is what metrics.json says."""

import json
from pathlib import Path

import pytest
from accelerate import Accelerator

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.training.run import train
from synner_graph.training.tracking import Trackers
from tests.fixtures import outcome, tiny_config


def test_tensorboard_gets_every_epoch(small_corpus: Corpus, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = tiny_config("characters")
    how = {"backend": "torch", "device": "cpu", "kernel": "naive", "progress": False}
    metrics, _ = train(config, small_corpus, tmp_path / "run", **how, track=["tensorboard"])
    found = EventAccumulator(str(tmp_path / "run" / "tracking" / "run")).Reload()
    for name in ("loss", "dev_f1"):
        told = {event.step: event.value for event in found.Scalars(name)}
        said = {epoch["epoch"]: epoch[name] for epoch in metrics["epochs"]}
        assert told == pytest.approx(said) and len(said) == 2
    train(config, small_corpus, tmp_path / "plain", **how)
    assert outcome(tmp_path / "run")[0] == outcome(tmp_path / "plain")[0]
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text("utf-8"))
    assert not [name for name in manifest["files"] if name.startswith("tracking")]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["tensorbord"], "Unknown tracker 'tensorbord'. Did you mean 'tensorboard'"),
        (["tensorboard", "tensorboard"], "expected each tracker once, got tensorboard twice"),
        (["aim"], "The tracker aim is not installed"),
    ],
)
def test_what_is_refused(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        Trackers(names, Accelerator(cpu=True), tmp_path)


def test_a_tracker_that_cannot_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    trackers = Trackers(["tensorboard"], Accelerator(cpu=True), tmp_path / "run")

    def fails(*_: object) -> None:
        raise RuntimeError("no login")

    monkeypatch.setattr(trackers.kinds["tensorboard"], "start", fails)
    with (
        pytest.raises(InputError, match="The tracker tensorboard cannot begin: no login"),
        trackers.tracking(tiny_config("characters")),
    ):
        pass
