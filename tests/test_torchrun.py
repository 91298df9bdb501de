"""Several processes as they are typed: what one process trains, whoever is killed on the way."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from tests.faults.tally import tally
from tests.places import ROOT

pytestmark = pytest.mark.slow

SIZES = ("--encoder.character_size", "8", "--gnn.size", "12", "--recurrent.size", "10")
SIZES += ("--parser", "biaffine", "--parser.arc_size", "8", "--parser.relation_size", "8")
PARTS = ("encoder", "gnn", "head", "parser")
NO_DROPOUT = tuple(word for part in PARTS for word in (f"--{part}.dropout", "0"))
# 27 sentences in batches of 8: the last one has 3, two for one process and one for the other.
LITTLE = ("--dataset", "sample", "--data.train_subset", "27", "--epochs", "2", "--batch-size", "8")
RUNTIME = ("--device", "cpu", "--graph-backend", "torch", "--kernel", "naive")
SMALL = (*LITTLE, "--encoder", "characters", *SIZES, *RUNTIME)
TRAIN = ("-q", "train", *SMALL)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
NEAR = 1e-5
WAIT = 600

PAGE = ROOT / "docs" / "scale.md"
LAUNCHERS = ("torchrun ", "accelerate launch ")
TYPED = [
    line.strip() for line in PAGE.read_text("utf-8").splitlines() if line[4:].startswith(LAUNCHERS)
]
"""Commands of the page that start several processes."""

KILLED = """
import os, runpy, signal, sys
from synner_graph.training.learner import Learner

learn, taken = Learner.learn, []

def counted(*arguments):
    taken.append(1)
    if len(taken) > 2 and os.environ["RANK"] == os.environ["VICTIM"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return learn(*arguments)

Learner.learn = counted
sys.argv = ["cli.py", *sys.argv[1:]]
runpy.run_path("cli.py", run_name="__main__")
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    own = {"OMP_NUM_THREADS": "1", "SYNNER_CACHE_DIR": str(folder / "cache")}
    own |= {"HF_HOME": str(folder / "hub")}  # where accelerate looks for settings of the user's
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PYTHONPATH": str(ROOT), "PATH": programs, **own, **more}


def run(folder: Path, *command: str, place: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command, cwd=place, env=environment(folder), capture_output=True, text=True, timeout=WAIT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def distance(one: Path, other: Path) -> float:
    """The greatest difference between two weights of the same place."""
    pair = [load_file(folder / "model.safetensors") for folder in (one, other)]
    assert pair[0].keys() == pair[1].keys()
    return max(float((pair[0][n].float() - pair[1][n].float()).abs().max()) for n in pair[0])


def metrics_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text("utf-8"))
    return found


def agree(one: Path, other: Path) -> None:
    """Both trainings learned the same, and each scored every sentence once."""
    with tally("torchrun train", "several processes") as counts:
        counts.differ(distance(one, other))
    assert distance(one, other) <= NEAR
    metrics = [metrics_of(folder) for folder in (one, other)]
    losses = [[epoch["loss"] for epoch in m["epochs"]] for m in metrics]
    assert losses[1] == pytest.approx(losses[0], rel=NEAR)
    assert metrics[1]["dev"] == metrics[0]["dev"] and metrics[1]["test"] == metrics[0]["test"]
    assert sorted(p.name for p in other.iterdir()) == sorted(p.name for p in one.iterdir())


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process trains without dropout."""
    folder = tmp_path_factory.mktemp("one")
    run(folder, sys.executable, "cli.py", *TRAIN, *NO_DROPOUT, "-o", str(folder / "run"))
    return folder / "run"


def test_the_page_names_each_way() -> None:
    for launcher, program in (
        ("torchrun", " cli.py train "),
        ("torchrun", " --no-python synner train "),
        ("accelerate launch", " cli.py train "),
    ):
        assert any(line.startswith(launcher) and program in line for line in TYPED)


@pytest.mark.parametrize("command", TYPED)
def test_two_processes_train_what_one_trains(command: str, one: Path, tmp_path: Path) -> None:
    """As typed, with a small model and few sentences."""
    for name in ("cli.py", "configs", "datasets"):
        (tmp_path / name).symlink_to(ROOT / name)
    little = (*SMALL, *NO_DROPOUT, "--output", "runs/here")
    told = run(tmp_path, *shlex.split(command), *little, "--json", place=tmp_path)
    assert json.loads(told.stdout)["epochs"], "the main process alone prints"
    agree(one, tmp_path / "runs" / "here")


def test_parts_of_batches_make_the_same_steps(one: Path, tmp_path: Path) -> None:
    parts = ("--training.accumulation", "3", *NO_DROPOUT)  # of the last share there are fewer
    run(tmp_path, sys.executable, "cli.py", *TRAIN, *parts, "-o", str(tmp_path / "alone"))
    run(tmp_path, *TORCHRUN, "cli.py", *TRAIN, *parts, "-o", str(tmp_path / "two"))
    agree(one, tmp_path / "alone")
    agree(one, tmp_path / "two")


def test_two_processes_learn_in_bf16(tmp_path: Path) -> None:
    """Rounded to eight bits, sums of other parts differ early, but the loss falls alike."""
    half = ("--training.precision", "bf16", "--training.accumulation", "2", *NO_DROPOUT)
    run(tmp_path, sys.executable, "cli.py", *TRAIN, *half, "-o", str(tmp_path / "one"))
    run(tmp_path, *TORCHRUN, "cli.py", *TRAIN, *half, "-o", str(tmp_path / "two"))
    losses = [
        [epoch["loss"] for epoch in metrics_of(tmp_path / name)["epochs"]]
        for name in ("one", "two")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert losses[0][1] < losses[0][0]


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes train with dropout, undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, *TORCHRUN, "cli.py", *TRAIN, "-o", str(folder / "run"))
    return folder / "run"


def resumed(folder: Path, whole: Path) -> None:
    """Go on where a process was killed: to the bits of a training that was not disturbed."""
    command = (*TRAIN, "--checkpoint-every", "1", "-o", str(folder), "--resume")
    run(folder.parent, *TORCHRUN, "cli.py", *command)
    with tally("train, one of two processes", "SIGKILL") as counts:
        counts.injected += 1
        counts.differ(distance(folder, whole))
        assert distance(folder, whole) == 0
        assert metrics_of(folder)["resumes"] == 1 and not (folder / ".training").exists()
        counts.survived += 1


@pytest.mark.parametrize("victim", [0, 1])
def test_the_others_end_when_one_is_killed(victim: int, whole: Path, tmp_path: Path) -> None:
    """Started without torchrun, which would end the others itself."""
    script, folder = tmp_path / "script.py", tmp_path / "run"
    script.write_text(KILLED, encoding="utf-8")
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    command = [sys.executable, str(script), *TRAIN, "--checkpoint-every", "1", "-o", str(folder)]
    both = []
    for rank in (0, 1):
        mine = {**where, "RANK": str(rank), "LOCAL_RANK": str(rank), "VICTIM": str(victim)}
        own = environment(tmp_path, **mine)
        both.append(subprocess.Popen(command, cwd=ROOT, env=own, stderr=subprocess.PIPE, text=True))
    try:
        said = [process.communicate(timeout=WAIT)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    assert both[victim].returncode == -signal.SIGKILL
    assert both[1 - victim].returncode == 2, said[1 - victim][-3000:]
    assert "Error: Another process of this training has ended" in said[1 - victim]
    assert "Traceback" not in said[1 - victim]
    resumed(folder, whole)


def test_torchrun_ends_the_others_and_says_who_was_killed(whole: Path, tmp_path: Path) -> None:
    script, folder = tmp_path / "script.py", tmp_path / "run"
    script.write_text(KILLED, encoding="utf-8")
    command = [*TORCHRUN, str(script), *TRAIN, "--checkpoint-every", "1", "-o", str(folder)]
    own = environment(tmp_path, VICTIM="1")
    done = subprocess.run(
        command, cwd=ROOT, env=own, stderr=subprocess.PIPE, text=True, timeout=WAIT
    )
    assert done.returncode == 1
    assert "Signal 9 (SIGKILL)" in done.stderr
    resumed(folder, whole)
