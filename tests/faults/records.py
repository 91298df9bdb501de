"""What must be the same after a fault: weights, and the records of a study."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch

from synner_graph.study.results import read_records


def difference(one: bytes, other: bytes) -> float:
    """The greatest difference between two weights of the same name, of two safetensors files."""
    first, second = (safetensors.torch.load(content) for content in (one, other))
    return max(float((first[name] - second[name]).abs().max()) for name in first | second)


def cells(path: Path) -> list[str]:
    """The records of a study, without what may differ when a cell is trained again."""
    return [json.dumps(_lasting(record), sort_keys=True) for record in read_records(path)]


def _lasting(record: dict[str, Any]) -> dict[str, Any]:
    epochs = [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in record["epochs"]]
    rest = {k: v for k, v in record.items() if k not in ("seconds", "finished")}
    return rest | {"epochs": epochs}
