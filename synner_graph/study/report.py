"""Report a results file: means over seeds, and differences to the control with intervals."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import numpy as np

from synner_graph.evaluation.scores import Score
from synner_graph.evaluation.significance import Difference, paired_bootstrap
from synner_graph.study.grid import Grid, Protocol, cells, tunings
from synner_graph.study.results import Record, counts_from_text, find_record

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
    """

    name: str
    tuning: Mapping[str, Any]
    records: Sequence[Record]
    dev: Sequence[float]
    test: Sequence[float]
    tried: Sequence[tuple[Mapping[str, Any], float]]
    difference: Difference | None = None

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
    rows = {name: _row(name, options, found[name]) for name in grid.rows if name in found}
    control = rows.get(grid.control) if grid.control is not None else None
    return [
        row
        if control is None or row is control
        else RowResult(**{**vars(row), "difference": difference(row.records, control.records)})
        for row in rows.values()
    ]


def _row(name: str, options: Sequence[dict[str, Any]], found: dict[int, list[Record]]) -> RowResult:
    dev = {option: [r["dev"]["f1"] for r in records] for option, records in found.items()}
    best = max(dev, key=lambda option: mean(dev[option]))
    return RowResult(
        name,
        options[best],
        found[best],
        dev[best],
        [record["test"]["f1"] for record in found[best] if record["test"]],
        [(options[option], mean(values)) for option, values in sorted(dev.items())],
    )


def difference(ours: Sequence[Record], control: Sequence[Record]) -> Difference:
    """Compare the F1 of a row with that of the control, by a paired bootstrap.

    Args:
        ours: The records of the row, one for each seed.
        control: Those of the control.
    """
    row, other = (
        [counts_from_text(record["per_sentence"]) for record in side] for side in (ours, control)
    )
    sentences = sorted({sentence for counts in (*row, *other) for sentence in counts})
    return paired_bootstrap(_counts(row, sentences), _counts(other, sentences))


def _counts(seeds: Sequence[Mapping[int, Score]], sentences: Sequence[int]) -> np.ndarray:
    """Return gold, predicted and correct entities by sentence. *Shape:* [seeds, sentences, 3]"""
    none = Score(0, 0, 0)
    found = [[counts.get(sentence, none) for sentence in sentences] for counts in seeds]
    numbers = [[(s.gold, s.predicted, s.correct) for s in counts] for counts in found]
    return np.array(numbers, np.float64).reshape(len(seeds), len(sentences), 3)


def markdown(grid: Grid, rows: Sequence[RowResult]) -> str:
    """Write the table of a study in Markdown."""
    head = ["row", *(["tuned"] if grid.tune else []), "weights from scratch", "seeds", "dev F1"]
    head += ["test F1"] if grid.test else []
    judged = "test" if grid.test else "dev"
    head += [f"{judged} F1, {PROTOCOLS[name]}" for name in grid.protocols]
    head += [f"{judged} F1 - {grid.control} [95 %]"] if grid.control is not None else []
    lines = [head, ["---"] * len(head)]
    for row in rows:
        line = [row.name, *([_named(row.tuning)] if grid.tune else [])]
        line += [f"{row.parameters:,}", str(len(row.records)), spread(row.dev)]
        line += [spread(row.test)] if grid.test else []
        line += [_by_protocol(row.records, name, judged) for name in grid.protocols]
        if grid.control is not None:
            gap = row.difference
            line.append("" if gap is None else f"{gap.mean:+.2f} [{gap.low:+.2f}, {gap.high:+.2f}]")
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


def spread(values: Sequence[float]) -> str:
    """Write mean ± standard deviation over seeds; for a single seed the mean alone."""
    if len(values) < 2:
        return f"{mean(values):.2f}"
    return f"{mean(values):.2f} ± {stdev(values):.2f}"
