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
from pathlib import Path

from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.training.run import train
from tests.fixtures import tiny_config

transformer, output = sys.argv[1:]
sample = load_corpus("sample")
# 33 sentences in batches of 8: the last batch has one sentence, too few for two processes
splits = {"train": sample.splits["train"][:33], "dev": sample.splits["dev"][:9]}
corpus = replace(sample, splits=splits)
parts = ("encoder", "gnn", "head", "parser")
off = {f"{part}__dropout": 0 for part in parts}
config = tiny_config(transformer, parser__name="biaffine", parser__jackknife=2, **off)
train(config, corpus, Path(output), backend="torch", device="cpu", progress=False)
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
