"""Train a peer, or name entities with it, in its own environment.

    python run_peer.py PROGRAM train '{"train_file": …}'
    python run_peer.py PROGRAM predict '{"model": …, "kind": "tokens"}'

Runs as a script, beside the programs: the package is not installed there. What it found out stands
in its last line, as JSON.
"""

import importlib
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARM_UP = 30
"""Sentences, or texts, that are read before anything is timed."""


@dataclass(frozen=True)
class Work:
    """What a peer learns from.

    Attributes:
        train_file: JSON lines with `tokens`, `entities` and all else that is known.
        dev_file: The same, to choose an epoch.
        encoder: Folder of the transformer.
        output: Folder for the model.
        epochs: Passes over the sentences.
        seed: Of every random choice.
    """

    train_file: str
    dev_file: str
    encoder: str
    output: str
    epochs: int
    seed: int

    @property
    def train(self) -> list[dict[str, Any]]:
        """The training sentences: `tokens`, `entities` and BIO `tags`."""
        return [_tagged(line) for line in _lines(self.train_file)]

    @property
    def dev(self) -> list[dict[str, Any]]:
        """The development sentences."""
        return [_tagged(line) for line in _lines(self.dev_file)]

    @property
    def tags(self) -> list[str]:
        """All BIO tags, O first."""
        labels = {e["type"] for line in _lines(self.train_file) for e in line["entities"]}
        return ["O", *(f"{p}-{label}" for label in sorted(labels) for p in "BI")]


def train(program: Any, work: Work) -> dict[str, Any]:
    """Train; return the seconds that it took, and the epochs: fewer where the program says so."""
    began = time.perf_counter()
    done = program.train(work)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "epochs": work.epochs if done is None else done}


def predict(program: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Name the entities of a file; write them, and return the seconds and the peak memory.

    Args:
        program: The peer.
        task: `model`, its folder; `kind`, tokens or texts; `input` and `output`, JSON lines.
    """
    lines = _lines(task["input"])
    model = program.load(task["model"])
    name = program.name_tokens if task["kind"] == "tokens" else program.name_texts
    if len(lines) > 1:
        name(model, lines[:WARM_UP])
    began = time.perf_counter()
    found = name(model, lines)
    seconds = time.perf_counter() - began
    text = "".join(json.dumps(entities) + "\n" for entities in found)
    Path(task["output"]).write_text(text, encoding="utf-8")
    return {"seconds": seconds, "megabytes": _peak_megabytes()}


def _peak_megabytes() -> float:
    """The most memory that this process held; getrusage would count its parent's, too."""
    status = Path("/proc/self/status")
    if status.is_file():
        rows = (line.partition(":") for line in status.read_text().splitlines())
        return next(int(rest.split()[0]) * 1024 for name, _, rest in rows if name == "VmHWM") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _lines(path: str) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _tagged(line: dict[str, Any]) -> dict[str, Any]:
    tags = ["O"] * len(line["tokens"])
    for entity in line["entities"]:
        tags[entity["start"]] = f"B-{entity['type']}"
        for position in range(entity["start"] + 1, entity["end"]):
            tags[position] = f"I-{entity['type']}"
    return {**line, "tags": tags}


if __name__ == "__main__":
    peer, verb, given = importlib.import_module(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    print(json.dumps(train(peer, Work(**given)) if verb == "train" else predict(peer, given)))
