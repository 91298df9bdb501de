"""The page on reliability says what was counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability import KEPT, PAGE, fuzzed, page, with_those_before
from tests.faults import tally as counting
from tests.faults.tally import tally

WHERE = {"when": "today", "machine": "a box", "load": 0.25}
TRAINING = WHERE | {
    "encoder": "characters",
    "sentences": 10,
    "memory": [100_000_000, 102_000_000, 101_000_000, 103_000_000],
    "checkpoints": [1.0, 0.5, 0.5],
    "between": [5.0, 5.0, 30.0],
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
    rows = [row | {"slice": row["fault"] == "SIGKILL"} for row in counted]
    faults = WHERE | {"passed": False, "operations": rows}
    random = {
        "inputs": 1000,
        "uncaught": 2,
        "missing": ["grid"],
        "readers": {"targets": 3, "inputs": 300},
        "others": {"targets": 1, "seconds": 20.4},
    }
    kept = {"faults": faults, "training": TRAINING, "fuzzed": WHERE | random}
    lines = page(kept).splitlines()
    for line in (
        "| faults survived | all that were injected | 5 of 7 |",
        "| lost | 0 | 1 |",
        "| doubled | 0 | 1 |",
        "| resumed minus uninterrupted weights | 0 | 0.2 |",
        "| weights of several processes minus those of one | ≤ 1e-5 | 2e-06 |",
        "| random inputs with an error that is not caught | 0 | 2 of 1,000 inputs |",
        "3 readers of bytes got at least 300 inputs each, "
        "1 other targets at least 20 seconds each.",
        "Not run: grid.",
        "| memory, end of epoch 4 to 1 | within 2 % | +3.0% |",
        "| time of a checkpoint to that between two | ≤ 3 % | 5.0% |",
        "| predict | ENOSPC | all | 6 | 5 | 1 | 1 |",
        "| train | SIGKILL | slice | 1 | 0 |  |  |",
    ):
        assert line in lines, line
    old = page(kept | {"faults": faults | {"since": "last week"}})
    assert "Measured last week to today on a box" in old
    said = "Measured today on a box, after a minute with a load of 0.2."
    assert lines.count(said) == 3, "each part says where its numbers come from"


def test_what_is_not_counted_again_stays() -> None:
    def rows(*counted: tuple[str, str, int]) -> list[dict[str, Any]]:
        return [{"operation": a, "fault": b, "injected": n} for a, b, n in counted]

    old = rows(("a", "EIO", 1), ("b", "EIO", 2), ("a", "x", 3))
    before = {"passed": True, "when": "Monday", "operations": old}
    now = {"passed": True, "operations": rows(("a", "EIO", 4), ("a", "EIO", 5))}
    found = with_those_before(now, before)
    assert found["operations"] == rows(
        ("b", "EIO", 2), ("a", "x", 3), ("a", "EIO", 4), ("a", "EIO", 5)
    )
    assert found["since"] == "Monday"
    assert with_those_before(now, found | {"when": "Tuesday"})["since"] == "Monday"
    assert found["passed"] and not with_those_before(now, before | {"passed": False})["passed"]
    assert with_those_before(now, None) == now
    again = {"passed": True, "operations": old}
    assert "since" not in with_those_before(again, before), "nothing is older"


def test_what_was_fuzzed_is_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def record(timed: bool, inputs: int, seconds: float, when: str) -> dict[str, Any]:
        return {"timed": timed, "inputs": inputs, "seconds": seconds, "when": when}

    targets = {
        "a": record(False, 30, 1.0, "2026-11-26"),
        "b": record(False, 20, 2.0, "2026-11-27"),
        "c": record(True, 5, 60.0, "2026-11-25"),
    }
    values = {"inputs": 55, "uncaught": 0, "missing": ["d"], "targets": targets}
    machine = {"machine": {"model": None, "processor": "x", "cores": 2}}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(values | machine), encoding="utf-8")
    monkeypatch.setattr("benchmarks.reliability.FUZZED", path)
    found = fuzzed()
    assert found["readers"] == {"targets": 2, "inputs": 20}
    assert found["others"] == {"targets": 1, "seconds": 60.0}
    assert (found["since"], found["when"]) == ("2026-11-25", "2026-11-27")
    assert found["missing"] == ["d"]
    assert found["machine"].endswith(", x, 2 cores")


def test_the_page_is_that_of_what_was_kept() -> None:
    kept = json.loads(KEPT.read_text("utf-8"))
    assert PAGE.read_text("utf-8") == page(kept)
    rows = kept["faults"]["operations"]
    assert kept["faults"]["passed"] and all(row["injected"] == row["survived"] for row in rows)
    assert sum((row["lost"] or 0) + (row["doubled"] or 0) for row in rows) == 0
