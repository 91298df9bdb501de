"""`torchrun cli.py train` as it is typed: what one process trains, whoever is killed on the way."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

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
TRAIN = ("-q", "train", *LITTLE, "--encoder", "characters", *SIZES, *RUNTIME)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
NEAR = 1e-5
WAIT = 600

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
    return {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **own, **more}


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command, cwd=ROOT, env=environment(folder), capture_output=True, text=True, timeout=WAIT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def distance(one: Path, other: Path) -> float:
    """The greatest difference between two weights of the same place."""
    pair = [load_file(folder / "model.safetensors") for folder in (one, other)]
    assert pair[0].keys() == pair[1].keys()
    return max(float((pair[0][n].float() - pair[1][n].float()).abs().max()) for n in pair[0])


def test_two_processes_train_what_one_trains(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run(tmp_path, sys.executable, "cli.py", *TRAIN, *NO_DROPOUT, "-o", str(one))
    told = run(tmp_path, *TORCHRUN, "cli.py", *TRAIN, *NO_DROPOUT, "-o", str(two), "--json")
    assert json.loads(told.stdout)["epochs"], "the main process alone prints"
    with tally("torchrun train", "several processes") as counts:
        counts.differ(distance(one, two))
    assert distance(one, two) <= NEAR
    metrics = [json.loads((f / "metrics.json").read_text("utf-8")) for f in (one, two)]
    losses = [[epoch["loss"] for epoch in m["epochs"]] for m in metrics]
    assert losses[1] == pytest.approx(losses[0], rel=NEAR)
    assert metrics[1]["dev"] == metrics[0]["dev"] and metrics[1]["test"] == metrics[0]["test"]
    assert sorted(p.name for p in two.iterdir()) == sorted(p.name for p in one.iterdir())


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


@pytest.mark.parametrize("victim", [0, 1])
def test_the_others_end_when_one_is_killed(victim: int, tmp_path: Path) -> None:
    """Started without torchrun, which would end the others itself."""
    script, folder = tmp_path / "script.py", tmp_path / "run"
    script.write_text(KILLED, encoding="utf-8")
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    every = ("--checkpoint-every", "1")
    command = [sys.executable, str(script), *TRAIN, *every, "-o", str(folder)]
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

    run(tmp_path, *TORCHRUN, "cli.py", *TRAIN, *every, "-o", str(folder), "--resume")
    whole = tmp_path / "whole"
    run(tmp_path, *TORCHRUN, "cli.py", *TRAIN, "-o", str(whole))
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    with tally("train, one of two processes", "SIGKILL") as counts:
        counts.injected += 1
        counts.differ(distance(folder, whole))
        assert distance(folder, whole) == 0
        assert metrics["resumes"] == 1 and not (folder / ".training").exists()
        counts.survived += 1
