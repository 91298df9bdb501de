"""The tables of a report, and their charts: what pages and Markdown both show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from synner_graph.drawing.charts import Bars, bar_scene, matrix_scene
from synner_graph.drawing.scene import Scene
from synner_graph.evaluation.analysis import MATCHING, NESTED, Analysis
from synner_graph.evaluation.error_matrix import NONE
from synner_graph.evaluation.scores import Intervals, Score, with_interval
from synner_graph.evaluation.significance import Estimate

NOTES = {
    "form in training": "Whether an entity of the training split has these tokens, and this type.",
    "entity length": "Tokens of the entity.",
    "sentence length": "Tokens of the sentence.",
    "entities per 10 tokens": "Gold entities of the sentence.",
    "times in the document": "How often these tokens stand in the document, as an entity or not.",
    "tree distance": "The greatest number of edges between two tokens of the entity.",
    "in the tree": "A whole subtree is one token with everything below it.",
}
"""What each family of buckets goes by."""


@dataclass(frozen=True)
class Table:
    """A table with a title.

    Attributes:
        columns: Headings, that of the row names first.
        rows: Name and cells of each.
        note: A sentence below the title.
        chart: The same as a drawing, where there is one.
        is_drawn: Whether the drawing has every number, so that a page folds the table away.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    chart: Scene | None = None
    is_drawn: bool = False


def tables(analyses: Sequence[Analysis]) -> list[Table]:
    """Make all tables of a report.

    Args:
        analyses: Of systems on the same sentences, each with a name of its own.
    """
    families = analyses[0].buckets
    by_type = [_sure(analysis).per_type for analysis in analyses]
    return [
        _overall(analyses),
        _scores("Types", "type", analyses, [a.report.per_type for a in analyses], by_type),
        _errors(analyses),
        *(
            _scores(
                *(family.capitalize(), family, analyses, [a.buckets[family] for a in analyses]),
                [{name: a.intervals[family, name] for name in a.buckets[family]} for a in analyses],
            )
            for family in families
        ),
        *(table for analysis in analyses for table in _matrices(analysis, len(analyses) > 1)),
    ]


def _overall(analyses: Sequence[Analysis]) -> Table:
    matchings, nested = analyses[0].matchings, {n: None for a in analyses for n in a.nested}
    rows = []
    for analysis in analyses:
        report = analysis.report
        score = report.overall
        sure = _sure(analysis)
        apart = {name: analysis.nested.get(name) for name in nested}
        rows.append(
            (
                analysis.name,
                *_counts(score),
                *map(_rate, (score.precision, score.recall)),
                with_interval(score.f1, sure.overall),
                with_interval(report.macro.f1, sure.macro),
                *(
                    with_interval(analysis.matchings[name].f1, analysis.intervals[MATCHING, name])
                    for name in matchings
                ),
                *(
                    with_interval(part.f1, analysis.intervals[NESTED, name]) if part else "-"
                    for name, part in apart.items()
                ),
            )
        )
    columns = ("system", "gold", "predicted", "correct", "precision", "recall", "F1", "macro F1")
    extra = [f"{name} F1" for name in (*matchings, *nested)]
    note = (
        "Strict scores, and F1 where other matches count: exact (the tokens), partial (half a "
        "point for some of them), type (the type and some of the tokens). Behind each F1 stands "
        f"its 95 % interval over {sure.units:,} {sure.unit}."
    )
    chart = _chart(
        analyses,
        "F1 by matching",
        {
            "strict": [a.report.overall.f1 for a in analyses],
            **{name: [a.matchings[name].f1 for a in analyses] for name in matchings},
        },
    )
    return Table("Scores", (*columns, *extra), tuple(rows), note, chart)


def _scores(
    title: str,
    heading: str,
    analyses: Sequence[Analysis],
    scores: Sequence[Mapping[str, Score]],
    intervals: Sequence[Mapping[str, Estimate]],
) -> Table:
    """Precision, recall and F1 of one system, or F1 of several, by type or bucket."""
    names = list(dict.fromkeys(name for system in scores for name in system))
    if heading == "type":
        names.sort()
    empty = Score(0, 0, 0)
    by_name = {name: [system.get(name, empty) for system in scores] for name in names}
    by_name = {name: row for name, row in by_name.items() if any(s != empty for s in row)}
    columns: tuple[str, ...]
    if len(analyses) == 1:
        columns = ("gold", "predicted", "correct", "precision", "recall", "F1")
        rows = [
            (
                name,
                *_counts(score),
                *map(_rate, (score.precision, score.recall)),
                with_interval(score.f1, intervals[0][name]),
            )
            for name, (score,) in by_name.items()
        ]
    else:
        columns = ("gold", *(f"F1 of {analysis.name}" for analysis in analyses))
        rows = [
            (
                name,
                f"{row[0].gold:,}",
                *(_f1(score, of.get(name)) for score, of in zip(row, intervals, strict=True)),
            )
            for name, row in by_name.items()
        ]
    chart = _chart(
        analyses,
        f"F1 by {heading}",
        {
            name: [s.f1 if s.gold or s.predicted else None for s in row]
            for name, row in by_name.items()
        },
        {name: f"{row[0].gold:,} gold" for name, row in by_name.items()},
    )
    return Table(title, (heading, *columns), tuple(rows), NOTES.get(heading, ""), chart)


def _errors(analyses: Sequence[Analysis]) -> Table:
    kinds = [analysis.errors.kinds() for analysis in analyses]
    rows = tuple((kind, *(f"{system[kind]:,}" for system in kinds)) for kind in kinds[0])
    return Table(
        "Errors",
        ("what is wrong", *(analysis.name for analysis in analyses)),
        rows,
        "Each gold entity is paired with one predicted entity at most: an equal one, else one of "
        "the same tokens, else one of the same type, else any that shares tokens.",
    )


def _matrices(analysis: Analysis, is_named: bool) -> Iterable[Table]:
    errors = analysis.errors
    of = f" of {analysis.name}" if is_named else ""
    labels = (*errors.labels, NONE)
    yield _matrix(
        f"Types with the right tokens{of}",
        labels,
        errors.rows(),
        "Gold types down, predicted ones across. The column none has what was missed, the row "
        "none what was found where nothing is.",
    )
    if errors.other_tokens:
        yield _matrix(
            f"Types with wrong boundaries{of}",
            errors.labels,
            errors.rows(other_tokens=True),
            "Pairs that share some of their tokens. Gold types down, predicted ones across.",
            diagonal=False,
        )


def _matrix(
    title: str, labels: Sequence[str], counts: list[list[int]], note: str, diagonal: bool = True
) -> Table:
    rows = tuple((name, *(f"{n:,}" for n in row)) for name, row in zip(labels, counts, strict=True))
    chart = matrix_scene(labels, labels, counts, title, diagonal)
    return Table(title, ("gold", *labels), rows, note, chart, is_drawn=True)


def _chart(
    analyses: Sequence[Analysis],
    caption: str,
    values: Mapping[str, Sequence[float | None]],
    notes: Mapping[str, str] | None = None,
) -> Scene:
    bars = [Bars(name, tuple(row), (notes or {}).get(name, "")) for name, row in values.items()]
    return bar_scene([analysis.name for analysis in analyses], bars, caption)


def _counts(score: Score) -> list[str]:
    return [f"{count:,}" for count in (score.gold, score.predicted, score.correct)]


def _f1(score: Score, interval: Estimate | None) -> str:
    return with_interval(score.f1, interval) if score.gold or score.predicted else "-"


def _sure(analysis: Analysis) -> Intervals:
    assert analysis.report.intervals is not None, "analyse adds them"
    return analysis.report.intervals


def _rate(rate: float) -> str:
    return f"{rate:.2f}"
