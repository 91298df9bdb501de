"""The page on reliability says what was counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability import KEPT, PAGE, page
from tests.faults import tally as counting
from tests.faults.tally import tally

TRAINING = {
    "encoder": "characters",
    "sentences": 10,
    "memory": [100_000_000, 102_000_000, 101_000_000, 103_000_000],
    "checkpoints": [1.0, 0.5, 0.5],
    "between": [5.0, 15.0],
}


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What two operations wrote down, one of which lost a sentence and had another twice."""
    monkeypatch.setenv(counting.RESULTS, str(tmp_path / "faults.jsonl"))
    for survived in (2, 3):
        with tally("predict", "ENOSPC") as counts:
            counts.injected, counts.survived = 3, survived
            counts.compare(["a", "b"], ["a", "a"] if survived == 2 else ["b", "a"])
    with pytest.raises(ZeroDivisionError), tally("train", "SIGKILL") as counts:
        counts.injected = 1
        counts.differ(0.0)
        counts.differ(0.25)
        raise ZeroDivisionError
    with tally("train", "several processes") as counts:
        counts.differ(2e-6)
    return [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]


def test_the_page_says_what_was_counted(counted: list[dict[str, Any]]) -> None:
    faults = {"slice": False, "passed": False, "operations": counted}
    kept = {"faults": faults, "training": TRAINING, "when": "today", "machine": "a box"}
    lines = page(kept | {"fuzzed": {"inputs": 1000, "uncaught": 2}}).splitlines()
    for line in (
        "| faults survived | all that were injected | 5 of 7 |",
        "| lost | 0 | 1 |",
        "| doubled | 0 | 1 |",
        "| resumed minus uninterrupted weights | 0 | 0.2 |",
        "| weights of several processes minus those of one | ≤ 1e-5 | 2e-06 |",
        "| errors not caught under `make fuzz` | 0 | 2 of 1,000 inputs |",
        "| memory, end of epoch 4 to 1 | within 2 % | +3.0% |",
        "| time of a checkpoint to that between two | ≤ 3 % | 5.0% |",
        "| predict | ENOSPC | 6 | 5 | 1 | 1 |",
        "| train | SIGKILL | 1 | 0 |  |  |",
    ):
        assert line in lines, line


def test_the_page_is_that_of_what_was_kept() -> None:
    kept = json.loads(KEPT.read_text("utf-8"))
    assert PAGE.read_text("utf-8") == page(kept)
    rows = kept["faults"]["operations"]
    assert kept["faults"]["passed"] and all(row["injected"] == row["survived"] for row in rows)
    assert sum((row["lost"] or 0) + (row["doubled"] or 0) for row in rows) == 0
