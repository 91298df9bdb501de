"""Studies on the sample corpus, with tiny models."""

import gc
import json
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import SynNER
from synner_graph.study import runner
from synner_graph.study.grid import Grid, cells
from synner_graph.study.report import markdown, summarize
from synner_graph.study.results import counts_from_text, read_records
from synner_graph.study.runner import missing_cells, run_study
from synner_graph.training import prepared
from synner_graph.training.interval import Interval
from synner_graph.training.learner import Learner
from tests.places import SAMPLE

DEV = SAMPLE / "dev.conllu"


@pytest.fixture
def grid() -> Grid:
    return Grid.model_validate(
        {
            "title": "Does it run?",
            "seeds": [1, 2],
            "settings": {
                "encoder": {"name": "characters", "character_size": 8},
                "recurrent": {"size": 6},
                "gnn": {"size": 5},
                "data": {"train": str(DEV), "dev": str(DEV), "train_subset": 20},
                "training": {"epochs": 1},
            },
            "rows": {"gcn": {}, "none": {"gnn": {"name": "none"}}},
        }
    )


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., list[str]]:
    def run(grid: Grid, name: str = "grid", **options: object) -> list[str]:
        results = tmp_path / "results" / f"{name}.json"
        return run_study(grid, results, tmp_path / "runs", device="cpu", progress=False, **options)

    return run


def test_every_cell_once(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results" / "grid.json"
    assert study(grid, limit=3) == []
    assert len(read_records(results)) == 3
    assert [str(cell) for cell in missing_cells(grid, results)] == ["none, seed 2"]
    assert study(grid) == []
    records = read_records(results)
    assert [(r["row"], r["seed"]) for r in records] == [
        ("gcn", 1),
        ("none", 1),
        ("gcn", 2),
        ("none", 2),
    ]
    assert all(r["test"] is None and r["dev"]["gold"] == 155 for r in records)
    assert not list((tmp_path / "runs").glob("*/"))

    monkeypatch.setattr(runner, "train", None)  # nothing is trained again
    assert study(grid) == []
    assert read_records(results) == records


def test_a_run_folder_that_a_kill_left_is_removed(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Path) -> None:
        raise KeyboardInterrupt

    runs = tmp_path / "runs"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(runner, "_remove", killed)
        study(grid, limit=1)
    assert len(list(runs.glob("*/"))) == 1
    study(grid, limit=1)
    assert not list(runs.glob("*/")) and not list(runs.glob("*.unwanted"))
    study(grid, keep_runs=True)
    kept = list(runs.glob("*/"))
    assert len(kept) == 2
    study(grid)
    assert list(runs.glob("*/")) == kept


def test_protocols_are_scored_and_kept(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path
) -> None:
    parsing = {"parser": {"name": "biaffine", "arc_size": 8, "relation_size": 8}}
    grid = grid.model_copy(
        update={"seeds": (1,), "rows": {"gold": {}, "own": parsing, "none": grid.rows["none"]}}
    )
    assert study(grid) == []
    asked = grid.model_copy(update={"protocols": ("own", "raw")})
    results = tmp_path / "results" / "grid.json"
    assert [str(cell) for cell in missing_cells(asked, results)] == [
        "gold, seed 1",
        "own, seed 1",
        "none, seed 1",
    ]
    assert study(asked, "asked") == []
    gold, own, none = read_records(tmp_path / "results" / "asked.json")
    assert gold["protocols"] == {"own": None, "raw": None}
    assert sum(gold["documents"]) == 110
    # No tree is read: without trees the same is found.
    assert none["protocols"]["own"]["dev"] == none["dev"]
    assert none["protocols"]["own"]["per_sentence"] == none["per_sentence"]
    assert own["protocols"]["own"]["dev"]["gold"] == own["dev"]["gold"]
    raw = own["protocols"]["raw"]
    assert raw["documents"]["gold"] == raw["sentences"]["gold"] == own["dev"]["gold"]
    counted = counts_from_text(raw["per_document"])
    assert sum(score.gold for score in counted.values()) == own["dev"]["gold"]
    table = markdown(asked, summarize(asked, read_records(tmp_path / "results" / "asked.json")))
    assert "| dev F1, own trees [95 %, documents] | own trees - given [95 %, documents] | " in table
    assert "| dev F1, raw documents [95 %, documents] | raw documents - given [95 %" in table


def test_a_cell_leaves_no_model_in_memory(
    grid: Grid, study: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = []

    def watched(*arguments: Any, **options: Any) -> SynNER:
        ner = new_recogniser(*arguments, **options)
        ner.model.cycle = [ner.model]  # as mixed precision has one
        models.append(weakref.ref(ner.model))
        return ner

    monkeypatch.setattr(prepared, "new_recogniser", watched)
    gc.disable()
    try:
        study(grid, limit=2)
        assert [model() for model in models] == [None, None]
    finally:
        gc.enable()


def test_cells_of_another_grid_are_taken_over(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(grid, rows=["gcn"])
    monkeypatch.setattr(runner, "train", None)
    renamed = grid.model_copy(update={"rows": {"the same": {}}})
    assert study(renamed, "other") == []
    records = read_records(tmp_path / "results" / "other.json")
    assert [record["row"] for record in records] == ["the same", "the same"]


def test_test_is_scored_where_it_is_asked_for(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path
) -> None:
    data = {**grid.settings["data"], "test": str(DEV)}
    scored = grid.model_copy(
        update={"test": True, "seeds": (1,), "settings": {**grid.settings, "data": data}}
    )
    assert study(scored, rows=["gcn"], keep_runs=True) == []
    (record,) = read_records(tmp_path / "results" / "grid.json")
    assert record["test"]["gold"] == 155
    assert sum(s.gold for s in counts_from_text(record["per_sentence"]).values()) == 155
    (folder,) = (tmp_path / "runs").glob("*/")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["overall"] == record["test"]


def test_a_cell_that_fails_does_not_stop_the_others(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path
) -> None:
    rows = {"bad": {"data": {"dev": "no such file"}}, **grid.rows}
    failures = study(grid.model_copy(update={"rows": rows, "seeds": (1,)}))
    assert len(failures) == 1 and failures[0].startswith("bad, seed 1: ")
    assert len(read_records(tmp_path / "results" / "grid.json")) == 2


def test_what_another_process_is_at_is_left_alone(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path
) -> None:
    first = cells(grid)[0]
    (tmp_path / "runs").mkdir()
    with FileLock(tmp_path / "runs" / f"{runner._key(first, grid.test)}.lock"):
        study(grid.model_copy(update={"seeds": (1,)}))
    rows = [record["row"] for record in read_records(tmp_path / "results" / "grid.json")]
    assert rows == ["none"]


class Killed(BaseException):
    """What a signal would do."""


def test_a_cell_that_was_broken_off_goes_on(
    grid: Grid, study: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the second of its two batches; then when it is finished and its record is missing."""
    one = grid.model_copy(update={"seeds": (1,), "rows": {"gcn": {}}})
    learn, learned = Learner.learn, []

    def broken(learner: Learner, rows: Sequence[int], *rest: Any) -> float:
        if len(learned) == 1:
            learned.clear()
            raise Killed
        learned.append(rows)
        return learn(learner, rows, *rest)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Learner, "learn", broken)
        study(one, checkpoint_every=Interval(steps=1))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Learner, "learn", broken)
        patch.setattr(runner, "add_record", broken_off)
        study(one)
    assert len(learned) == 1, "the first batch is not learned again"
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "learn", broken_off)
        study(one)
    (record,) = read_records(tmp_path / "results" / "grid.json")
    (tmp_path / "results" / "grid.json").unlink()
    study(one)
    (whole,) = read_records(tmp_path / "results" / "grid.json")
    for name in ("dev", "per_sentence", "settings"):
        assert record[name] == whole[name]
    assert record["epochs"][0]["loss"] == whole["epochs"][0]["loss"]


def broken_off(*_: Any) -> None:
    raise Killed
