"""Report a results file: means over seeds, and differences to the control with intervals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from synner_graph.evaluation.significance import Estimate
from synner_graph.study.differences import change, difference, f1_of, judged_documents
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
        f1: On the judged split (test where it is scored, else dev).
        f1_by_protocol: The same by a protocol; None for a model that makes no trees.
        difference: To the control on the judged split; None without a control.
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
    f1: Estimate | None
    f1_by_protocol: Mapping[Protocol, Estimate | None]
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
    best = {name: found[name][_best(found[name])] for name in grid.rows if name in found}
    control = None if grid.control is None else best.get(grid.control)
    f1 = f1_of([*best.values()])
    by_protocol = {protocol: f1_of([*best.values()], protocol) for protocol in grid.protocols}
    return [
        RowResult(
            name,
            options[_best(found[name])],
            chosen,
            [record["dev"]["f1"] for record in chosen],
            [record["test"]["f1"] for record in chosen if record["test"]],
            [(options[o], _mean_dev(found[name][o])) for o in sorted(found[name])],
            f1[row],
            {protocol: estimates[row] for protocol, estimates in by_protocol.items()},
            *_beside(chosen, None if name == grid.control else control, grid.protocols),
            {protocol: change(chosen, protocol) for protocol in grid.protocols},
        )
        for row, (name, chosen) in enumerate(best.items())
    ]


def _best(found: Mapping[int, Sequence[Record]]) -> int:
    """Return the number of the tuning with the best mean dev F1."""
    return max(found, key=lambda option: _mean_dev(found[option]))


def _mean_dev(records: Sequence[Record]) -> float:
    return float(mean(record["dev"]["f1"] for record in records))


def _beside(
    records: Sequence[Record], control: Sequence[Record] | None, protocols: Sequence[Protocol]
) -> tuple[Estimate | None, Mapping[Protocol, Estimate | None]]:
    """Return the differences to the control, on the given trees and by each protocol."""
    if control is None:
        return None, dict.fromkeys(protocols)
    by_protocol = {protocol: difference(records, control, protocol) for protocol in protocols}
    return difference(records, control), by_protocol


def markdown(grid: Grid, rows: Sequence[RowResult]) -> str:
    """Write the table of a study in Markdown."""
    judged, unit = grid.judged, unit_of(rows)
    head = ["row", *(["tuned"] if grid.tune else []), "weights from scratch", "seeds"]
    head += [*(["dev F1"] if grid.test else []), f"{judged} F1 [95 %, {unit}]"]
    for name in grid.protocols:
        said = PROTOCOLS[name]
        head += [f"{judged} F1, {said} [95 %, {unit}]", f"{said} - given [95 %, {unit}]"]
        head += [f"{said} - {grid.control} [95 %, {unit}]"] if grid.control is not None else []
    head += [f"{judged} F1 - {grid.control} [95 %, {unit}]"] if grid.control is not None else []
    lines = [head, ["---"] * len(head)]
    for row in rows:
        line = [row.name, *([_named(row.tuning)] if grid.tune else [])]
        line += [f"{row.parameters:,}", str(len(row.records))]
        line += [*([spread(row.dev)] if grid.test else [])]
        line += [sure(row.test if grid.test else row.dev, row.f1)]
        for name in grid.protocols:
            line += [_by_protocol(row, name, judged), signed(row.to_given[name])]
            line += [signed(row.by_protocol[name])] if grid.control is not None else []
        line += [signed(row.difference)] if grid.control is not None else []
        lines.append(line)
    table = markdown_table(lines)
    return table if not grid.tune else f"{table}\n\n{_tuning_table(grid, rows)}"


def _by_protocol(row: RowResult, protocol: Protocol, judged: str) -> str:
    """Write the F1 on own trees, or from raw documents; nothing for a model that makes no trees."""
    part = judged if protocol == "own" else "documents"
    found = [record["protocols"][protocol] for record in row.records]
    if not all(found):
        return ""
    return sure([scores[part]["f1"] for scores in found], row.f1_by_protocol[protocol])


def _tuning_table(grid: Grid, rows: Sequence[RowResult]) -> str:
    """Write the mean dev F1 of every tuning that was tried."""
    options = list(tunings(grid))
    lines = [["dev F1", *map(_named, options)], ["---"] * (1 + len(options))]
    for row in rows:
        tried = [next((f1 for t, f1 in row.tried if t == option), None) for option in options]
        lines.append([row.name, *("" if f1 is None else f"{f1:.2f}" for f1 in tried)])
    return markdown_table(lines)


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown: headings, rules, rows."""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _named(tuning: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.split('.')[-1]} {value}" for key, value in tuning.items())


def unit_of(rows: Sequence[RowResult]) -> str:
    """Return what the intervals of a study are over, beside seeds."""
    records = [record for row in rows for record in row.records]
    return "sentences" if judged_documents(records) is None else "documents"


def signed(difference: Estimate | None) -> str:
    """Write a difference and its interval; nothing for None."""
    if difference is None:
        return ""
    return f"{difference.value:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"


def sure(values: Sequence[float], estimate: Estimate | None) -> str:
    """Write mean ± standard deviation over seeds, and the interval of the mean."""
    interval = "" if estimate is None else f" [{estimate.low:.2f}, {estimate.high:.2f}]"
    return spread(values) + interval


def spread(values: Sequence[float]) -> str:
    """Write mean ± standard deviation over seeds; for a single seed the mean alone."""
    if len(values) < 2:
        return f"{mean(values):.2f}"
    return f"{mean(values):.2f} ± {stdev(values):.2f}"
