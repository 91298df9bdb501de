"""Differences to the control, averaged over studies of several corpora."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synner_graph.errors import InputError
from synner_graph.evaluation.significance import Estimate, holm, pooled
from synner_graph.study.grid import Grid, Protocol
from synner_graph.study.report import PROTOCOLS, RowResult, markdown_table, signed, unit_of


@dataclass(frozen=True)
class Study:
    """A grid and what its results say.

    Attributes:
        name: Of the grid's file.
        grid: With a control.
        rows: With a finished cell.
    """

    name: str
    grid: Grid
    rows: Sequence[RowResult]

    @property
    def corpus(self) -> str:
        """The corpus that the rows are judged on: its name, or its file."""
        data = self.rows[0].records[0]["settings"]["data"]
        files = (data.get(split) for split in (self.grid.judged, "train"))
        return str(data.get("dataset") or next((f for f in files if f is not None), "sample"))


@dataclass(frozen=True)
class Pooled:
    """A row beside its control, on several corpora.

    Attributes:
        row: Its name in every study.
        protocol: How row and control are scored; None for the given trees.
        differences: By corpus.
        seeds: Trainings of the row, by corpus.
        together: The mean of the differences; each corpus counts alike.
        corrected: Its p-value by Holm's correction over all that are pooled.
    """

    row: str
    protocol: Protocol | None
    differences: Mapping[str, Estimate]
    seeds: Mapping[str, int]
    together: Estimate
    corrected: float

    def to_json(self) -> dict[str, Any]:
        """The object of one row in `study --report --pool --json`."""
        return {
            "row": self.row,
            "trees": _trees(self.protocol),
            "corpora": {
                corpus: {"value": gap.value, **gap.ends, "seeds": self.seeds[corpus]}
                for corpus, gap in self.differences.items()
            },
            "value": self.together.value,
            **self.together.ends,
            "p": self.together.p,
            "p_holm": self.corrected,
        }


def pool(studies: Sequence[Study]) -> list[Pooled]:
    """Average the differences to the control of every row that all studies have.

    Args:
        studies: Two or more, each of a corpus of its own: so their differences do not depend on
            each other.

    Raises:
        InputError: A study has no results or no control, two have one corpus or are judged on
            different splits, or no row is in all of them.
    """
    _check(studies)
    first, *others = studies
    by_name = [{row.name: row for row in study.rows} for study in studies]
    shared: list[Protocol | None] = [None]
    shared += [p for p in first.grid.protocols if all(p in s.grid.protocols for s in others)]
    found: list[tuple[str, Protocol | None, list[Estimate]]] = []
    for name in by_name[0]:
        for protocol in shared:
            gaps = [
                gap
                for rows in by_name
                if name in rows and (gap := _difference(rows[name], protocol)) is not None
            ]
            if len(gaps) == len(studies):
                found.append((name, protocol, gaps))
    if not found:
        rows = "; ".join(f"{s.name}: {', '.join(map(repr, _beside_control(s)))}" for s in studies)
        raise InputError(f"expected a row that all studies have beside their control, got {rows}")
    means = [pooled(gaps) for _, _, gaps in found]
    corpora = [study.corpus for study in studies]
    return [
        Pooled(
            name,
            protocol,
            dict(zip(corpora, gaps, strict=True)),
            {c: len(rows[name].records) for c, rows in zip(corpora, by_name, strict=True)},
            mean,
            p,
        )
        for (name, protocol, gaps), mean, p in zip(
            found, means, holm([mean.p for mean in means]), strict=True
        )
    ]


def pooled_markdown(studies: Sequence[Study], rows: Sequence[Pooled]) -> str:
    """Write the table of pooled differences in Markdown."""
    judged = studies[0].grid.judged
    head = ["row", "scored on"]
    head += [
        f"{s.corpus}: {judged} F1 - {s.grid.control} [95 %, {unit_of(s.rows)}], seeds"
        for s in studies
    ]
    head += ["mean [95 %]", "p (Holm)" if len(rows) > 1 else "p"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        gaps = [f"{signed(gap)}, {row.seeds[corpus]}" for corpus, gap in row.differences.items()]
        p = f"{row.corrected:.4f}" if row.corrected >= 0.0001 else "< 0.0001"
        lines.append([row.row, _trees(row.protocol), *gaps, signed(row.together), p])
    return markdown_table(lines)


def _check(studies: Sequence[Study]) -> None:
    for study in studies:
        if study.grid.control is None:
            raise InputError(f"{study.name} has no control, and differences to it are pooled.")
        if not study.rows:
            raise InputError(f"{study.name} holds no results yet.")
    for number, study in enumerate(studies):
        for other in studies[:number]:
            if study.corpus == other.corpus:
                raise InputError(
                    f"expected a corpus of its own for each study, got {study.corpus} in "
                    f"{other.name} and {study.name}: its documents would count twice"
                )
            if study.grid.judged != other.grid.judged:
                raise InputError(
                    f"expected studies judged on the same split, got {other.grid.judged} in "
                    f"{other.name} and {study.grid.judged} in {study.name}"
                )


def _difference(row: RowResult, protocol: Protocol | None) -> Estimate | None:
    return row.difference if protocol is None else row.by_protocol[protocol]


def _beside_control(study: Study) -> list[str]:
    return [row.name for row in study.rows if row.name != study.grid.control]


def _trees(protocol: Protocol | None) -> str:
    return "given trees" if protocol is None else PROTOCOLS[protocol]
