"""Sweeps with tiny models: chosen by dev F1, pruned, broken off and gone on with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from synner_graph.cli import app
from synner_graph.config import RunConfig
from synner_graph.errors import InputError
from synner_graph.files import WriteError
from synner_graph.recogniser.synner import SynNER
from synner_graph.study import sweep as sweeps
from synner_graph.study.space import read_space
from synner_graph.study.sweep import Outcome, run_sweep
from tests.fixtures import tiny_config

optuna = pytest.importorskip("optuna")
Sweep = Callable[..., Outcome]


@pytest.fixture
def config() -> RunConfig:
    return tiny_config("characters", data__train_subset=8)


@pytest.fixture
def sweep(config: RunConfig, tmp_path: Path) -> Sweep:
    def run(trials: int, *tuned: str, config: RunConfig = config) -> Outcome:
        space = read_space(tuned or ("gnn.layers=1,2", "training.learning_rate"), config)
        how = {"backend": "torch", "device": "cpu", "kernel": "naive", "progress": False}
        return run_sweep(config, space, trials, tmp_path / "sweep", **how)

    return run


def scored(scores: Callable[[int], list[float]], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have each training, by its number, give these scores; return the layers of all."""
    trained: list[int] = []

    def train(config: RunConfig, corpus: Any, place: Path, **how: Any) -> tuple[Any, list[Any]]:
        assert set(corpus.splits) == {"train", "dev"}, "the test split is not read"
        place.mkdir(parents=True, exist_ok=True)
        trained.append(config.gnn.layers)
        epochs = []
        for epoch, score in enumerate(scores(len(trained)), 1):
            epochs.append({"epoch": epoch, "dev_f1": score})
            how["after_epoch"](epochs[-1])
        return {"epochs": epochs}, []

    monkeypatch.setattr(sweeps, "train", train)
    return trained


def test_the_best_run_is_kept_and_loads(sweep: Sweep, tmp_path: Path) -> None:
    found = sweep(2)
    assert found.finished == 2 and found.pruned == found.refused == 0
    metrics = json.loads((found.run / "metrics.json").read_text("utf-8"))
    assert found.score == max(epoch["dev_f1"] for epoch in metrics["epochs"])
    assert metrics["config"]["gnn"]["layers"] == found.settings["gnn.layers"]
    SynNER.from_pretrained(found.run)
    assert [path.name for path in (tmp_path / "sweep").glob("trial-*")] == [found.run.name]


def test_trials_that_fall_behind_are_broken_off(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = scored(lambda n: [50.0, 60.0] if n < 6 else [10.0, 99.0], monkeypatch)
    found = sweep(8, "gnn.layers=1,2")
    assert len(trained) == 8
    assert (found.finished, found.pruned) == (5, 3), "after five trials the median counts"
    assert found.score == 60.0


def test_a_sweep_goes_on(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = scored(lambda n: [float(n)], monkeypatch)
    sweep(2, "gnn.layers=1,2")
    assert sweep(2, "gnn.layers=1,2").finished == 2 and len(trained) == 2
    assert sweep(5, "gnn.layers=1,2").finished == 5 and len(trained) == 5
    with pytest.raises(InputError, match="was begun with other settings"):
        sweep(6, "gnn.layers=1,3")


@pytest.mark.parametrize("end", [KeyboardInterrupt(), WriteError("cannot write x: disk full")])
def test_a_trial_that_was_under_way_is_finished_first(
    end: BaseException, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[tuple[Path, int]] = []

    def killed(config: RunConfig, corpus: Any, place: Path, **how: Any) -> Any:
        places.append((place, config.gnn.layers))
        raise end

    with monkeypatch.context() as patch, pytest.raises(type(end)):
        patch.setattr(sweeps, "train", killed)
        sweep(1, "gnn.layers=1,2,3,4,5,6,7,8,9")
    real = sweeps.train

    def seen(config: RunConfig, corpus: Any, place: Path, **how: Any) -> Any:
        places.append((place, config.gnn.layers))
        assert how["resume"]
        return real(config, corpus, place, **how)

    monkeypatch.setattr(sweeps, "train", seen)
    found = sweep(1, "gnn.layers=1,2,3,4,5,6,7,8,9")
    assert places[0] == places[1] and len(places) == 2
    assert (found.finished, found.refused) == (1, 0)


def test_settings_that_are_refused(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: RunConfig, *_: Any, **how: Any) -> Any:
        raise InputError("no good")

    monkeypatch.setattr(sweeps, "train", refuse)
    with pytest.raises(InputError, match="3 trials in a row are refused: no good"):
        sweep(2)


def test_options_go_with_their_part(sweep: Sweep) -> None:
    """`heads` is an option of gat alone; trials of gcn go without."""
    found = sweep(3, "gnn.name=gcn,gat", "gnn.heads=1,2")
    assert found.finished == 3 and found.refused == 0


def test_one_program_at_a_time(sweep: Sweep, tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    with (
        FileLock(tmp_path / "sweep" / ".lock"),
        pytest.raises(InputError, match="Another program"),
    ):
        sweep(1)


def test_the_command(tmp_path: Path) -> None:
    sizes = ("--encoder.name", "characters", "--encoder.character_size", "8", "--gnn.size", "8")
    more = ("--recurrent.size", "6", "--data.train_subset", "8", "--training.epochs", "1")
    command = ["-q", "sweep", "--tune", "gnn.layers=1,2", "--trials", "1", "--device", "cpu"]
    command += [*sizes, *more, "--graph-backend", "torch", "-o", str(tmp_path / "s")]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["finished"] == 1 and told["best"]["settings"].keys() == {"gnn.layers"}
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 0, again.output
    assert "Trials: 1 finished, 0 pruned, 0 refused" in again.stdout
    assert f"  --gnn.layers {told['best']['settings']['gnn.layers']}" in again.stdout
