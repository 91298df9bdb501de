"""The results file of a grid: one JSON document, a record for each finished cell."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from synner_graph.config import RunConfig
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Report, Score
from synner_graph.files import make_folder, write_text
from synner_graph.study.grid import Protocol

Record = dict[str, Any]
"""The record of a finished cell: `settings`, `dev`, `test`, `epochs`, `seconds` and so on."""


def read_records(path: Path) -> list[Record]:
    """Read the records of a results file; an empty list if there is no file yet.

    Raises:
        InputError: The file is not a results file.
    """
    if not path.exists():
        return []
    try:
        records: list[Record] = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for record in records:
            record["settings"]["training"]["seed"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not the results file of a study: {error!r}") from error
    return records


def add_record(path: Path, record: Record) -> None:
    """Append a record; several processes may do so at once, and a crash leaves the old file."""
    make_folder(path.parent)
    with FileLock(path.with_name(f".{path.name}.lock")):
        write_records(path, [*read_records(path), record])


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write a results file in one move, a line for each record."""
    lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    write_text(path, f'{{"cells": [\n{lines}\n]}}\n')


def counts_to_text(report: Report) -> str:
    """Write the counts of every sentence with entities as `row:gold/predicted/correct row:...`."""
    return " ".join(
        f"{row}:{gold}/{predicted}/{correct}"
        for row, (gold, predicted, correct) in enumerate(report.by_sentence.tolist())
        if gold or predicted
    )


def counts_from_text(text: str) -> dict[int, Score]:
    """Read the counts that `counts_to_text` wrote, by row of the sentence."""
    counts = {}
    for item in text.split():
        row, _, numbers = item.partition(":")
        counts[int(row)] = Score(*map(int, numbers.split("/")))
    return counts


def find_record(
    records: Iterable[Record],
    config: RunConfig,
    test: bool = False,
    protocols: Iterable[Protocol] = (),
) -> Record | None:
    """Find the record of a cell with these settings, scored as asked: on test, by protocols.

    Settings count that the model reads, wherever they stood when the record was written. One that
    did not exist then must stand at its default now.
    """
    wanted = _comparable(config.model_dump(mode="json"))
    for record in records:
        scored = set(protocols) <= record.get("protocols", {}).keys() and (
            record["test"] or not test
        )
        if scored and _comparable(record["settings"]) == wanted:
            return record
    return None


def _comparable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by dotted name, without those that only say where data lies."""
    return _comparable_text(json.dumps(settings, sort_keys=True))


@lru_cache(maxsize=4096)
def _comparable_text(settings: str) -> dict[str, Any]:
    # All parts come with it, and with them what trains: too slow for whoever reads results.
    from synner_graph.recogniser.unread import effective

    flat = effective(json.loads(settings))
    for name in ("data.data_dir", "data.cache"):
        flat.pop(name, None)
    return flat
