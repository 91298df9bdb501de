"""`train`, as it is typed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synner_graph.training.learner import Learner
from tests.cli.conftest import Run
from tests.places import ROOT, SAMPLE

TINY = (
    "--gnn-dim=12",
    "--recurrent.size=10",
    "--encoder.character_size=8",
    "--epochs=1",
    "--batch-size=40",
    "--device=cpu",
)


def test_files_to_run_folder(run: Run, tmp_path: Path) -> None:
    result = run(
        "train",
        *("--train", SAMPLE / "dev.conllu", "--test", SAMPLE / "dev.conllu"),
        *("--encoder", "characters", "--syntax", "none", "--output", tmp_path / "run"),
        *(*TINY[2:], "--json"),
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)
    assert metrics == json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["config"]["gnn"]["name"] == metrics["config"]["recurrent"]["name"] == "none"
    assert metrics["config"]["training"]["batch_size"] == 40
    assert metrics["test"]["overall"]["gold"] == 155


def test_report_and_folder_are_printed(run: Run, tmp_path: Path) -> None:
    result = run(
        "train",
        *("--train", SAMPLE / "dev.conllu", "--dev", SAMPLE / "dev.conllu"),
        *("--encoder", "characters", "--output", tmp_path / "run", *TINY),
    )
    assert result.exit_code == 0, result.output
    assert "dev: entities" in result.stdout
    assert f"Saved in {tmp_path / 'run'}" in result.stdout.replace("\n", "")


def test_quiet_prints_the_report_alone(run: Run, tmp_path: Path) -> None:
    arguments = (
        *("train", "--train", SAMPLE / "dev.conllu", "--dev", SAMPLE / "dev.conllu"),
        *("--encoder", "characters", *TINY, "--output"),
    )
    talking = run(*arguments, tmp_path / "talking")
    quiet = run("--quiet", *arguments, tmp_path / "quiet")
    assert quiet.exit_code == 0, quiet.output
    assert "epoch 1" in talking.stderr and quiet.stderr == ""
    assert "dev: entities" in quiet.stdout
    assert "epoch 1: loss" in (tmp_path / "quiet" / "train.log").read_text(encoding="utf-8")


def test_no_syntax_is_no_relations_either(
    run: Run, refused: Callable[..., str], tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[encoder]\nname = "characters"\nrelation_size = 9\n', encoding="utf-8")
    arguments = ("train", "--config", recipe, "--train", SAMPLE / "dev.conllu", "--syntax", "none")
    result = run(*arguments, "--output", tmp_path / "run", *TINY[2:], "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["config"]["encoder"]["relation_size"] == 0
    message = refused(*arguments, "--encoder.relation_size", "9")
    assert message == "--syntax none and --encoder.relation_size 9 contradict."


def test_recipe_with_overrides(run: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        '[data]\ntrain = "' + str(SAMPLE / "dev.conllu") + '"\n'
        '[encoder]\nname = "characters"\n[gnn]\nlayers = 3\nedges = ["self"]\n',
        encoding="utf-8",
    )
    result = run(
        "train",
        *("--config", recipe, "--output", tmp_path / "run", *TINY, "--json"),
        *("--gnn.layers", "1", "--training.weight_decay=0.5"),
    )
    assert result.exit_code == 0, result.output
    config = json.loads(result.stdout)["config"]
    assert config["gnn"]["layers"] == 1
    assert config["gnn"]["edges"] == ["self"]
    assert config["training"]["weight_decay"] == 0.5


def test_layer_options_and_edges(run: Run, tmp_path: Path) -> None:
    result = run(
        *("train", "--train", SAMPLE / "dev.conllu", "--encoder", "characters"),
        *("--output", tmp_path / "run", *TINY, "--json", "--gnn", "gat", "--gnn.heads=3"),
        *("--gnn-layers", "1", "--gnn-dim", "9", "--edges", "dependent-head,self,2-hop"),
        *("--gnn.fold_subtypes", "true", "--gnn.residual=true", "--gnn.norm=true"),
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["config"]["gnn"]
    assert found["options"] == {"heads": 3, "slope": 0.2}
    assert (found["name"], found["layers"], found["size"]) == ("gat", 1, 9)
    assert found["edges"] == ["dependent-head", "self", "2-hop"]
    assert json.loads((tmp_path / "run" / "config.json").read_text())["gnn"] == found


@pytest.mark.parametrize("backend", ["dgl", "torch"])
def test_the_dglstm_needs_no_gnn(backend: str, run: Run, tmp_path: Path) -> None:
    if backend == "dgl":
        pytest.importorskip("dgl")
    result = run(
        *("train", "--train", SAMPLE / "dev.conllu", "--encoder", "characters", "--gnn", "none"),
        *("--recurrent", "dglstm", "--recurrent.interaction", "addition"),
        *("--recurrent.relation_size=7", "--graph-backend", backend),
        *("--output", tmp_path / "run", *TINY[1:], "--json"),
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["config"]["recurrent"]
    options = found["options"]
    assert (found["name"], options["layers"]) == ("dglstm", 2)
    assert (options["interaction"], options["relation_size"]) == ("addition", 7)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["root", "elsewhere"])
def test_trains_from_the_repository_and_from_elsewhere(where: str, tmp_path: Path) -> None:
    """In the repository the folder `datasets` looks like Hugging Face's package to an importer."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = (
        *(
            sys.executable,
            ROOT / "cli.py",
            "train",
            "--dataset",
            "sample",
            "--data.train_subset=40",
        ),
        *("--encoder", "characters", "--output", tmp_path / "run", *TINY),
    )
    folder = ROOT if where == "root" else tmp_path
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "metrics.json").is_file()


def test_resume(
    run: Run, refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is broken off, continued, found finished; other settings are refused."""
    folder = tmp_path / "run"
    arguments = (
        *("train", "--train", SAMPLE / "dev.conllu", "--dev", SAMPLE / "dev.conllu"),
        *("--encoder", "characters", "--syntax", "none", *TINY[2:], "--output", folder),
    )
    learn, steps = Learner.learn, iter((True, True, False))

    def broken(*rest: Any) -> float:
        if not next(steps):
            raise KeyboardInterrupt
        return learn(*rest)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "learn", broken)
        assert run(*arguments, "--checkpoint-every", 2).exit_code != 0
    assert (folder / ".training" / "checkpoint-00000001").is_dir()
    other = refused("--quiet", *arguments, "--resume", "--seed", 7)
    assert other == (
        f"Cannot resume the training in {folder} with other settings: training.seed was 42 and is "
        "7. Give the same again, or begin anew with --overwrite and without --resume."
    )
    resumed = run(*arguments, "--resume", "--json")
    assert resumed.exit_code == 0, resumed.output
    assert json.loads(resumed.stdout)["resumes"] == 1
    assert "epoch 1, 2 batches done" in " ".join(resumed.stderr.split())
    again = run(*arguments, "--resume")
    assert again.exit_code == 0, again.output
    assert "is finished: there is nothing left to train" in " ".join(again.stderr.split())
    assert "dev: entities" in again.stdout


def test_a_wrong_interval_is_refused(refused: Callable[..., str]) -> None:
    assert refused("train", "--checkpoint-every", "5x") == (
        "expected a number of steps, such as 200, or a time, such as 90s, 5m or 1h, for "
        "--checkpoint-every, got '5x'"
    )
    assert "got '0'" in refused("study", "no.toml", "--checkpoint-every", "0")


def test_a_run_goes_on_as_it_is_typed(
    run: Run, refused: Callable[..., str], trained_run: Path, tmp_path: Path
) -> None:
    files = ("--train", SAMPLE / "dev.conllu", "--dev", SAMPLE / "dev.conllu", "--device=cpu")
    result = run(
        *("train", "--from", trained_run, *files, "--epochs=1", "--json"),
        *("--output", tmp_path / "on"),
    )
    assert result.exit_code == 0, result.output
    config = json.loads(result.stdout)["config"]
    assert (config["gnn"]["name"], config["gnn"]["size"]) == ("gcn", 12)
    assert config["training"]["from_run"] == str(trained_run)
    said = refused("train", "--from", trained_run, *files, "--gnn-dim", "20")
    assert "The setting 'gnn.size' cannot change" in said and "12" in said
    assert "There is no run folder" in refused("train", "--from", tmp_path / "none", *files)
