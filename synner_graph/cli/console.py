"""Print results to standard output, and everything else to standard error."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from synner_graph.errors import message_line
from synner_graph.evaluation.scores import Report, Score
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
    table = Table(title=f"{report.split}: entities" + (f" in {source}" if source else ""))
    for column in ("type", "precision", "recall", "F1", "gold", "predicted", "correct"):
        table.add_column(column, justify="left" if column == "type" else "right")
    for label, score in report.per_type.items():
        table.add_row(label, *_cells(score))
    table.add_section()
    table.add_row("all", *_cells(report.overall))
    macro = report.macro
    table.add_row("macro", *_rates(macro.precision, macro.recall, macro.f1))
    output.print(table)
    print_signature(report.signature)
    print_notes(notes_of(report))


def print_side_by_side(reports: Mapping[str, Report]) -> None:
    """A table of F1: a row for each label and average, a column for each system.

    Args:
        reports: Of the same sentences, by the name of the system.
    """
    first, *_ = reports.values()
    table = Table(title=f"{first.split}: F1 of entities")
    for column in ("type", "gold", *reports):
        table.add_column(column, justify="left" if column == "type" else "right")
    for label in sorted({label for report in reports.values() for label in report.per_type}):
        scores = [report.per_type.get(label, Score(0, 0, 0)) for report in reports.values()]
        table.add_row(label, str(scores[0].gold), *_rates(*(score.f1 for score in scores)))
    table.add_section()
    overall = [report.overall.f1 for report in reports.values()]
    table.add_row("all", str(first.overall.gold), *_rates(*overall))
    table.add_row("macro", "", *_rates(*(report.macro.f1 for report in reports.values())))
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


def _cells(score: Score) -> list[str]:
    return [
        *_rates(score.precision, score.recall, score.f1),
        *(str(count) for count in (score.gold, score.predicted, score.correct)),
    ]


def _rates(*percentages: float) -> list[str]:
    return [f"{rate:.2f}" for rate in percentages]
