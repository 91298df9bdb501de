"""Report a results file: means over seeds, and differences to the control with intervals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from synner_graph.evaluation.significance import Estimate
from synner_graph.study.differences import change, difference, judged_documents
from synner_graph.study.grid import Grid, Protocol, cells, tunings
from synner_graph.study.results import Record, find_record

PROTOCOLS: Mapping[Protocol, str] = {"own": "own trees", "raw": "raw documents"}


@dataclass(frozen=True)
class RowResult:
    """A row with its best tuning on dev.

    Attributes:
        records: One for each seed that is finished.
        dev, test: F1 of each of these.
        tried: Tuning and mean dev F1 of everything that was tried.
        difference: To the control on the judged split (test where it is scored, else dev); None
            without a control.
        by_protocol: To the control, both scored by a protocol; None without a control, or where
            one of the two makes no trees.
        to_given: Of the scores by a protocol to those on the given trees; None for a model that
            makes no trees.
    """

    name: str
    tuning: Mapping[str, Any]
    records: Sequence[Record]
    dev: Sequence[float]
    test: Sequence[float]
    tried: Sequence[tuple[Mapping[str, Any], float]]
    difference: Estimate | None
    by_protocol: Mapping[Protocol, Estimate | None]
    to_given: Mapping[Protocol, Estimate | None]

    @property
    def parameters(self) -> int:
        """Number of weights outside the pretrained transformer."""
        return int(self.records[0]["parameters_from_scratch"])


def summarize(grid: Grid, records: Sequence[Record]) -> list[RowResult]:
    """Summarise the rows that have a finished cell, each with its best tuning by mean dev F1."""
    found: dict[str, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    options = list(tunings(grid))
    for cell in cells(grid):
        record = find_record(records, cell.config, grid.test, grid.protocols)
        if record is not None:
            found[cell.row][options.index(dict(cell.tuning))].append(record)
    control = None
    if grid.control in found:
        control = found[grid.control][_best(found[grid.control])]
    return [
        _row(grid, name, found[name], None if name == grid.control else control)
        for name in grid.rows
        if name in found
    ]


def _best(found: dict[int, list[Record]]) -> int:
    """Return the number of the tuning with the best mean dev F1."""
    return max(found, key=lambda option: mean(r["dev"]["f1"] for r in found[option]))


def _row(
    grid: Grid, name: str, found: dict[int, list[Record]], control: list[Record] | None
) -> RowResult:
    options = list(tunings(grid))
    records = found[_best(found)]
    return RowResult(
        name,
        options[_best(found)],
        records,
        [record["dev"]["f1"] for record in records],
        [record["test"]["f1"] for record in records if record["test"]],
        [(options[o], mean(r["dev"]["f1"] for r in found[o])) for o in sorted(found)],
        difference(records, control) if control else None,
        {p: difference(records, control, p) if control else None for p in grid.protocols},
        {p: change(records, p) for p in grid.protocols},
    )


def markdown(grid: Grid, rows: Sequence[RowResult]) -> str:
    """Write the table of a study in Markdown."""
    head = ["row", *(["tuned"] if grid.tune else []), "weights from scratch", "seeds", "dev F1"]
    head += ["test F1"] if grid.test else []
    judged = "test" if grid.test else "dev"
    unit = _unit(rows)
    for name in grid.protocols:
        said = PROTOCOLS[name]
        head += [f"{judged} F1, {said}", f"{said} - given [95 %, {unit}]"]
        head += [f"{said} - {grid.control} [95 %, {unit}]"] if grid.control is not None else []
    head += [f"{judged} F1 - {grid.control} [95 %, {unit}]"] if grid.control is not None else []
    lines = [head, ["---"] * len(head)]
    for row in rows:
        line = [row.name, *([_named(row.tuning)] if grid.tune else [])]
        line += [f"{row.parameters:,}", str(len(row.records)), spread(row.dev)]
        line += [spread(row.test)] if grid.test else []
        for name in grid.protocols:
            line += [_by_protocol(row.records, name, judged), signed(row.to_given[name])]
            line += [signed(row.by_protocol[name])] if grid.control is not None else []
        line += [signed(row.difference)] if grid.control is not None else []
        lines.append(line)
    table = _table(lines)
    return table if not grid.tune else f"{table}\n\n{_tuning_table(grid, rows)}"


def _by_protocol(records: Sequence[Record], protocol: Protocol, judged: str) -> str:
    """Write the F1 on own trees, or from raw documents; nothing for a model that makes no trees."""
    part = judged if protocol == "own" else "documents"
    found = [record["protocols"][protocol] for record in records]
    return spread([scores[part]["f1"] for scores in found]) if all(found) else ""


def _tuning_table(grid: Grid, rows: Sequence[RowResult]) -> str:
    """Write the mean dev F1 of every tuning that was tried."""
    options = list(tunings(grid))
    lines = [["dev F1", *map(_named, options)], ["---"] * (1 + len(options))]
    for row in rows:
        tried = [next((f1 for t, f1 in row.tried if t == option), None) for option in options]
        lines.append([row.name, *("" if f1 is None else f"{f1:.2f}" for f1 in tried)])
    return _table(lines)


def _table(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _named(tuning: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.split('.')[-1]} {value}" for key, value in tuning.items())


def _unit(rows: Sequence[RowResult]) -> str:
    records = [record for row in rows for record in row.records]
    return "sentences" if judged_documents(records) is None else "documents"


def signed(difference: Estimate | None) -> str:
    """Write a difference and its interval; nothing for None."""
    if difference is None:
        return ""
    return f"{difference.value:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"


def spread(values: Sequence[float]) -> str:
    """Write mean ± standard deviation over seeds; for a single seed the mean alone."""
    if len(values) < 2:
        return f"{mean(values):.2f}"
    return f"{mean(values):.2f} ± {stdev(values):.2f}"
