"""Several seeds: each as if it had been trained alone, and their mean and deviation."""

import json
from pathlib import Path
from statistics import mean, stdev

import pytest
from typer.testing import CliRunner

from synner_graph.cli.app import app
from synner_graph.errors import InputError
from synner_graph.training.seeds import parse_seeds
from tests.places import SAMPLE

TINY = ("--encoder=characters", "--gnn-dim=12", "--recurrent.size=10", "--epochs=1")
TINY += ("--encoder.character_size=8", "--batch-size=40", "--device=cpu")
DATA = ("--train", str(SAMPLE / "dev.conllu"), "--dev", str(SAMPLE / "dev.conllu"))


def trained(folder: Path, *arguments: str) -> str:
    command = ["-q", "train", *DATA, *TINY, "--output", str(folder), *arguments]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_seeds_are_trained_one_by_one(tmp_path: Path) -> None:
    said = trained(tmp_path / "many", "--seeds", "3,4")
    trained(tmp_path / "alone", "--seed", "4")
    summary = json.loads((tmp_path / "many/seeds.json").read_text("utf-8"))
    folders = [tmp_path / "many/seed-3", tmp_path / "many/seed-4"]
    scores = [json.loads((f / "metrics.json").read_text())["dev"]["overall"]["f1"] for f in folders]
    assert summary == {
        "seeds": [3, 4],
        "dev": {"f1": scores, "mean": mean(scores), "sd": stdev(scores)},
    }
    weights = [(f / "model.safetensors").read_bytes() for f in (*folders, tmp_path / "alone")]
    assert weights[1] == weights[2] != weights[0]
    assert f"dev: F1 {mean(scores):.2f} ± {stdev(scores):.2f} (seed 3: {scores[0]:.2f}, " in said
    again = trained(tmp_path / "many", "--seeds", "3,4", "--resume", "--json")
    assert json.loads(again) == summary


def test_seeds_and_a_single_run_do_not_share_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seeds in (("--seeds", "3,4"), ("--seed", "3")):
        result = CliRunner().invoke(app, ["-q", "train", *DATA, *TINY, *seeds])
        assert result.exit_code == 0, result.output
    alone, several = sorted(Path("runs").iterdir())
    assert several.name == f"{alone.name}-seeds" and (several / "seeds.json").is_file()
    assert (alone / "manifest.json").is_file() and not (alone / "seed-3").exists()


@pytest.mark.parametrize(
    "text", ["1", "1,1", "1,-2", "1,", "a,b", "1,4294967296", "1," + "9" * 5_000]
)
def test_seeds_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="expected two or more different seeds"):
        parse_seeds(text)


def test_one_seed_and_several_contradict() -> None:
    result = CliRunner().invoke(app, ["train", "--seed", "1", "--seeds", "1,2"])
    assert result.exit_code == 2 and "either --seed N or --seeds 1,2,3" in result.stderr
