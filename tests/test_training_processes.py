"""Several processes train the same model as one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures import save_tiny_transformer
from tests.places import ROOT

SCRIPT = """
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from accelerate.utils import gather_object

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.formats import write_sentences
from synner_graph.training.averages import Averages
from synner_graph.training.distributed import end_processes
from synner_graph.training.run import train
from tests.fixtures import tiny_config

transformer, output = sys.argv[1:]
sample = load_corpus("sample")
# 27 sentences, and 6 unlabelled, in batches of 8: the last batch has one, too few for two processes
splits = {"train": sample.splits["train"][:27], "dev": sample.splits["dev"][:9]}
corpus = replace(sample, splits=splits)
parts = ("encoder", "gnn", "head", "parser")
off = {f"{part}__dropout": 0 for part in parts}
levers = {"training__ema": 0.9, "training__adversarial": 0.2, "training__rdrop": 1.0}
teacher = output + "-teacher"
options = {"backend": "torch", "device": "cpu", "progress": False}
train(tiny_config("characters", parser__name="biaffine", **off), corpus, Path(teacher), **options)
more = output + "-more.conllu"
write_sentences(more, sample.splits["test"][:6])
levers |= {"training__teacher": teacher, "training__unlabelled": more}
config = tiny_config(transformer, parser__name="biaffine", parser__jackknife=2, **off, **levers)
begin, made = Averages.__init__, []

def watched(averages, *arguments):
    begin(averages, *arguments)
    made.append(averages)

Averages.__init__ = watched
train(config, corpus, Path(output), **options)
assert len(made) == 3
for averages in made:
    assert averages.steps >= 4
    tensors = b"".join(tensor.numpy().tobytes() for tensor in averages.tensors.values())
    digests = gather_object([sha256(tensors).hexdigest()])
    assert len(set(digests)) == 1, "every process has the same averages"
end_processes()
"""


@pytest.mark.slow
def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    transformer = tmp_path / "transformer"
    save_tiny_transformer(transformer)
    config = json.loads((transformer / "config.json").read_text(encoding="utf-8"))
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        config[name] = 0.0
    (transformer / "config.json").write_text(json.dumps(config), encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    launchers = {
        "one": [sys.executable],
        "two": [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--nproc-per-node=2",
            "--standalone",
        ],
    }
    metrics = {}
    for name, launcher in launchers.items():
        command = [*launcher, str(script), str(transformer), str(tmp_path / name)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        metrics[name] = json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8"))
    one, two = (metrics[name]["epochs"] for name in ("one", "two"))
    assert [e["loss"] for e in two] == pytest.approx([e["loss"] for e in one], rel=1e-4)
    assert metrics["two"]["dev"] == metrics["one"]["dev"]


COMMAND = """
import runpy
import sys

from accelerate import PartialState
from torch.distributed import is_initialized

sys.argv = ["cli.py", *sys.argv[1:]]
status = 0
try:
    runpy.run_path("cli.py", run_name="__main__")
except SystemExit as end:
    status = end.code or 0
assert PartialState().num_processes == 2
assert not is_initialized(), "threads of gloo may abort the process as it ends"
sys.exit(status)
"""


@pytest.mark.slow
def test_the_command_ends_its_processes(tmp_path: Path) -> None:
    """After a training, and after one that was refused when the processes had met."""
    script, output = tmp_path / "script.py", tmp_path / "run"
    script.write_text(COMMAND, encoding="utf-8")
    sizes = ("--encoder.character_size", "8", "--gnn.size", "12", "--recurrent.size", "10")
    corpus = ("--dataset", "sample", "--data.train_subset", "20", "--epochs", "1")
    runtime = ("--device", "cpu", "--graph-backend", "torch", "--json", "--output", str(output))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    command = ["train", *corpus, "--encoder", "characters", *sizes, *runtime]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*launcher, str(script), *command, *more],
            cwd=ROOT,
            env={
                "PYTHONPATH": str(ROOT),
                "PATH": "/usr/bin:/bin",
                "OMP_NUM_THREADS": "1",
                "SYNNER_CACHE_DIR": str(tmp_path / "cache"),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )

    done = run()
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["epochs"], "the main process alone prints"
    (output / "model.safetensors").unlink()
    refused = run("--resume")
    assert refused.returncode != 0
    assert "model.safetensors" in refused.stderr
    assert "AssertionError" not in refused.stderr


KILLED = """
import os
import sys
from dataclasses import replace
from pathlib import Path

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.training.distributed import end_processes
from synner_graph.training.interval import Interval
from synner_graph.training.learner import Learner
from synner_graph.training.run import train
from tests.fixtures import tiny_config

output, last_step = sys.argv[1], int(sys.argv[2])
learn, taken = Learner.learn, []

def counted(*arguments):
    taken.append(1)
    if len(taken) > last_step:
        os._exit(1)
    return learn(*arguments)

Learner.learn = counted
sample = load_corpus("sample")
splits = {"train": sample.splits["train"][:17], "dev": sample.splits["dev"][:9]}
levers = {"training__ema": 0.9, "training__rdrop": 1.0}
config = tiny_config("characters", parser__name="biaffine", parser__jackknife=2, **levers)
options = {"backend": "torch", "device": "cpu", "progress": False}
every = Interval(steps=1)
corpus = replace(sample, splits=splits)
train(config, corpus, Path(output), **options, resume=True, checkpoint_every=every)
end_processes()
"""


@pytest.mark.slow
def test_two_processes_go_on_together(tmp_path: Path) -> None:
    """With dropout, so that each process needs the random numbers that were its own."""
    script = tmp_path / "script.py"
    script.write_text(KILLED, encoding="utf-8")

    def run(folder: Path, steps: int) -> subprocess.CompletedProcess[str]:
        launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
        return subprocess.run(
            [sys.executable, *launcher, str(script), str(folder), str(steps)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run(whole, 99)
    assert done.returncode == 0, done.stderr[-3000:]
    assert run(killed, 3).returncode != 0
    assert run(killed, 8).returncode != 0
    done = run(killed, 99)
    assert done.returncode == 0, done.stderr[-3000:]
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, killed)]
    assert weights[0] == weights[1]
    found = [json.loads((f / "metrics.json").read_text(encoding="utf-8")) for f in (whole, killed)]
    assert [metrics["resumes"] for metrics in found] == [0, 2]
    losses = [[epoch["loss"] for epoch in metrics["epochs"]] for metrics in found]
    assert losses[0] == losses[1]
