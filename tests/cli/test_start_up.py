"""What a command imports before it has anything to do: modules are counted, not seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synner_graph.config.environment import WAITING
from tests.places import ROOT

OLD_RUN = ROOT / "tests/recogniser/old_runs/crf"
SENTENCES = ROOT / "datasets/sample/test.conllu"
HEAVY = {"accelerate", "dgl", "huggingface_hub", "scipy", "sklearn", "spacy", "torch"}
HEAVY |= {"matplotlib", "networkx", "pandas", "sympy", "transformers"}

SCRIPT = """
import json, sys
from synner_graph.cli import app
try:
    app(json.loads(sys.argv[1]))
except SystemExit as end:
    assert not end.code, end.code
finally:
    names = {name.partition(".")[0] for name in sys.modules}
    print(json.dumps(sorted(names)), file=sys.stderr)
"""


def errors_of(*arguments: str) -> str:
    """What a command writes to standard error, and in the last line what it has imported."""
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "OMP_DISPLAY_ENV": "verbose"},
    )
    return done.stderr


def imported(*arguments: str) -> set[str]:
    """The top-level modules that a command has imported when it ends."""
    return modules_in(errors_of(*arguments))


def modules_in(errors: str) -> set[str]:
    return set(json.loads(errors.splitlines()[-1]))


@pytest.mark.parametrize(
    "command",
    [
        *("--help", "predict --help", "train --help", "gnn list", "gnn list --json"),
        *("gnn show gatv2", "parts list", "parts show encoder transformer", "recipes list"),
        "recipes show conll2003-bilstm-crf",
    ],
)
def test_what_needs_no_model_imports_nothing_heavy(command: str) -> None:
    found = imported(*command.split())
    # Recipes look for weights in the Hugging Face cache, as its own library knows how to.
    allowed = {"huggingface_hub"} if command.startswith("recipes") else set()
    assert not (found & HEAVY) - allowed


def test_a_saved_run_predicts_without_transformers_and_dgl(tmp_path: Path) -> None:
    """Its BERT and its tokenizer are read by this program and the package tokenizers.

    And the threads of OpenMP are told in time, before torch is imported, how to wait.
    """
    arguments = ("predict", OLD_RUN, "--input", SENTENCES, "--output", tmp_path / "named.conllu")
    options = ("--limit", "1", "--kernel", "naive")
    errors = errors_of(*map(str, (*arguments, *options)))
    if sys.platform == "linux":
        assert "OMP_WAIT_POLICY = 'PASSIVE'" in errors
        assert f"GOMP_SPINCOUNT = '{WAITING['GOMP_SPINCOUNT']}'" in errors
    found = modules_in(errors)
    assert "torch" in found
    unused = {"accelerate", "dgl", "huggingface_hub", "scipy", "spacy", "sympy", "transformers"}
    assert not found & unused
