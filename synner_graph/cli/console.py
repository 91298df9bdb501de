"""Print results to standard output, and everything else to standard error."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from synner_graph.errors import message_line
from synner_graph.evaluation.scores import Report, Score, with_interval
from synner_graph.evaluation.signature import Signature

if TYPE_CHECKING:
    from synner_graph.evaluation.tree_comparison import TreeComparison


class _Console(Console):
    """A console that leaves it to the application what a closed output means."""

    def on_broken_pipe(self) -> None:
        """Called while the error is handled."""
        raise BrokenPipeError


output = _Console()
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_report(report: Report, source: str = "") -> None:
    """A table of scores, a row for each label and one for all, and the signature below it.

    Args:
        report: The scores.
        source: What the entities were found in, for the title.
    """
    title = f"{report.split}: entities" + (f" in {source}" if source else "")
    table = Table(title=title, caption=_caption(report))
    for column in ("type", "precision", "recall", "F1", "gold", "predicted", "correct"):
        table.add_column(column, justify="left" if column == "type" else "right")
    for label, score in report.per_type.items():
        table.add_row(label, *_cells(score, _f1(report, label)))
    table.add_section()
    table.add_row("all", *_cells(report.overall, _f1(report)))
    macro = report.macro
    table.add_row("macro", *_rates(macro.precision, macro.recall), _macro_f1(report))
    output.print(table)
    print_signature(report.signature)
    print_notes(notes_of(report))


def print_side_by_side(reports: Mapping[str, Report]) -> None:
    """A table of F1: a row for each label and average, a column for each system.

    Args:
        reports: Of the same sentences, by the name of the system.
    """
    first, *_ = reports.values()
    table = Table(title=f"{first.split}: F1 of entities", caption=_caption(first))
    for column in ("type", "gold", *reports):
        table.add_column(column, justify="left" if column == "type" else "right")
    systems = reports.values()
    for label in sorted({label for report in systems for label in report.per_type}):
        gold = first.per_type.get(label, Score(0, 0, 0)).gold
        table.add_row(label, str(gold), *(_f1(report, label) for report in systems))
    table.add_section()
    table.add_row("all", str(first.overall.gold), *map(_f1, systems))
    table.add_row("macro", "", *map(_macro_f1, systems))
    output.print(table)
    for signature in dict.fromkeys(report.signature for report in reports.values()):
        print_signature(signature)
    for name, report in reports.items():
        print_notes(f"{name}: {note}" for note in notes_of(report))


def print_comparison(comparison: "TreeComparison") -> None:
    """Print the scores on the trees of the sentences and on a parser's, and how these differ."""
    if comparison.on_gold is not None:
        print_report(comparison.on_gold, "trees given")
    print_report(comparison.on_parsed, f"trees of {comparison.parser.name}")
    if comparison.trees is not None:
        trees = comparison.trees
        for score, tokens in ((trees.all, "all"), (trees.without_punctuation, "no punctuation")):
            output.print(f"UAS {score.uas:.2f}, LAS {score.las:.2f} ({tokens})", highlight=False)


def print_signature(signature: Signature) -> None:
    """How the scores above came about, in one line."""
    output.print(str(signature), markup=False, highlight=False, soft_wrap=True)


def print_notes(notes: Iterable[str]) -> None:
    """What was changed or skipped while reading a corpus."""
    for note in notes:
        errors.print(f"note: {message_line(note)}", markup=False, highlight=False, soft_wrap=True)


def notes_of(report: Report) -> list[str]:
    """Note the relations and the labels of a split that the model does not know."""
    notes = unknown_relations(report.unknown_relations, report.split)
    if counts := report.unknown_labels:
        known = f"entities have a label that the model does not know: {_counted(counts)}"
        notes.append(f"{report.split}: {sum(counts.values())} {known}")
    return notes


def unknown_relations(counts: Mapping[str, int], split: str = "") -> list[str]:
    """A note on the dependency relations that a model did not know, if there were any."""
    if not counts:
        return []
    where = f"{split}: " if split else ""
    known = f"arcs have a relation that the model does not know: {_counted(counts)}"
    return [f"{where}{sum(counts.values())} {known}"]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def _caption(report: Report) -> str | None:
    """What the intervals are over, where there are any."""
    if report.intervals is None:
        return None
    return f"F1 with its 95 % interval over {report.intervals.units:,} {report.intervals.unit}"


def _f1(report: Report, label: str | None = None) -> str:
    """The F1 of a label, or of all, with its interval where there is one."""
    sure = report.intervals
    if label is None:
        return with_interval(report.overall.f1, sure.overall if sure else None)
    score = report.per_type.get(label, Score(0, 0, 0))
    return with_interval(score.f1, sure.per_type.get(label) if sure else None)


def _macro_f1(report: Report) -> str:
    return with_interval(report.macro.f1, report.intervals.macro if report.intervals else None)


def _cells(score: Score, f1: str) -> list[str]:
    counts = (score.gold, score.predicted, score.correct)
    return [*_rates(score.precision, score.recall), f1, *map(str, counts)]


def _rates(*percentages: float) -> list[str]:
    return [f"{rate:.2f}" for rate in percentages]
