"""Results files: found again by settings, whatever the day and the version."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from synner_graph.config import load_config
from synner_graph.errors import InputError
from synner_graph.study.results import Record, add_record, find_record, read_records


def record(test: Any = None, **overrides: Any) -> Record:
    config = load_config(None, {key.replace("__", "."): v for key, v in overrides.items()})
    return {"settings": config.model_dump(mode="json"), "test": test}


def test_found_by_all_of_its_settings() -> None:
    records = [record(training__seed=1), record(training__seed=2), record(gnn__layers=3)]
    assert find_record(records, load_config(None, {"training.seed": 2})) is records[1]
    assert find_record(records, load_config(None, {"gnn.layers": 3})) is records[2]
    assert find_record(records, load_config(None, {"gnn.layers": 4})) is None
    both = load_config(None, {"gnn.layers": 3, "training.seed": 2})
    assert find_record(records, both) is None


def test_where_a_machine_keeps_its_data_does_not_matter() -> None:
    records = [record(data__data_dir="/there")]
    assert find_record(records, load_config(None, {"data.data_dir": "/here"})) is records[0]


def test_a_cell_without_test_scores_is_no_answer_where_these_are_wanted() -> None:
    blind, scored = record(), record(test={"f1": 50.0})
    config = load_config()
    assert find_record([blind], config) is blind
    assert find_record([blind], config, test=True) is None
    assert find_record([blind, scored], config, test=True) is scored


def test_a_setting_that_is_newer_than_the_record_must_stand_at_its_default() -> None:
    old = record()
    del old["settings"]["gnn"]["norm"]
    assert find_record([old], load_config()) is old
    assert find_record([old], load_config(None, {"gnn.norm": True})) is None


def test_a_setting_that_no_longer_exists_is_another_cell() -> None:
    old = record()
    old["settings"]["gnn"]["gone"] = 1
    assert find_record([old], load_config()) is None


def test_several_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "grid.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda seed: add_record(path, record(training__seed=seed)), range(1, 25)))
    seeds = [r["settings"]["training"]["seed"] for r in read_records(path)]
    assert sorted(seeds) == list(range(1, 25))
    assert len(path.read_text(encoding="utf-8").splitlines()) == 26  # a line a cell


def test_no_file_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "none.json") == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [{}]}', '{"cells": 3}'])
def test_what_is_no_results_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "grid.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"grid\.json is not the results file of a study"):
        read_records(path)


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    path = tmp_path / "grid.json"
    add_record(path, record())
    assert len(json.loads(path.read_text(encoding="utf-8"))["cells"]) == 1
