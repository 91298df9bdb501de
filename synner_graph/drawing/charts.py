"""Charts of scores: bars side by side, and a matrix of counts in shades."""

from collections.abc import Sequence
from dataclasses import dataclass

from synner_graph.drawing.colours import PALETTE
from synner_graph.drawing.scene import Box, Group, Label, Scene, Shape, Stroke, line
from synner_graph.drawing.text import text_width

SIZE = 12.0
PAD = 10.0
BAR = 14.0
BARS = 420.0
"""The width of a bar of 100."""
TOP = 22.0


@dataclass(frozen=True)
class Bars:
    """The bars of one thing, one for each series.

    Attributes:
        name: Of the thing.
        values: From 0 to 100; None where there is nothing to measure.
        note: Stands below the name.
    """

    name: str
    values: tuple[float | None, ...]
    note: str = ""


def bar_scene(series: Sequence[str], rows: Sequence[Bars], caption: str) -> Scene:
    """Draw bars from 0 to 100, the series of a row below each other, each in its own colour.

    Args:
        series: Their names; a legend tells them apart where there are several.
        rows: Each with a value for every series.
        caption: The chart in words.
    """
    names = [text for row in rows for text in (row.name, row.note)]
    left = PAD + max((text_width(text, SIZE) for text in names), default=0) + PAD
    legend = TOP * len(series) if len(series) > 1 else 0.0
    top = PAD + legend + TOP
    groups = [_legend(series, left)] if legend else []
    heights = [max(BAR * len(series), SIZE * 2.4 if row.note else SIZE) + PAD for row in rows]
    bottom = top + sum(heights)
    groups.append(_scale(left, top, bottom))
    for row, height in zip(rows, heights, strict=True):
        groups.append(_bars(row, left, top))
        top += height
    width = left + BARS + text_width("100.0", SIZE) + 2 * PAD
    longest = max((text_width(name, SIZE) for name in series), default=0) if legend else 0.0
    return Scene(max(width, left + 20 + longest + PAD), bottom + PAD, tuple(groups), caption)


def matrix_scene(
    rows: Sequence[str],
    columns: Sequence[str],
    counts: Sequence[Sequence[int]],
    caption: str,
    diagonal: bool = True,
) -> Scene:
    """Draw a matrix of counts; the darker a cell, the greater its share of the row.

    Args:
        rows: Names, down.
        columns: Names, across.
        counts: *Shape:* [rows, columns]
        caption: The matrix in words.
        diagonal: Whether what has the same name down and across is right, and coloured so.
    """
    left = PAD + max((text_width(name, SIZE) for name in rows), default=0) + PAD
    texts = [*columns, *(f"{count:,}" for row in counts for count in row)]
    side = max((text_width(text, SIZE) for text in texts), default=0) + 2 * PAD
    high = 2.4 * SIZE
    groups = [
        Group(
            "column",
            (Label(left + (place + 0.5) * side, TOP - 4, name, SIZE, bold=True),),
            {"column": name},
        )
        for place, name in enumerate(columns)
    ]
    for number, (name, row) in enumerate(zip(rows, counts, strict=True)):
        y = TOP + number * high
        shapes: list[Shape] = [Label(left - PAD, y + 0.65 * high, name, SIZE, align="right")]
        for place, count in enumerate(row):
            x = left + place * side
            share = count / max(sum(row), 1)
            tone = "c2" if diagonal and name == columns[place] else "c1"
            shapes.append(
                Box(x + 1, y + 1, side - 2, high - 2, tone, tint=0.75 * share, border=0.3)
            )
            shown = "ink" if count else "line"
            shapes.append(Label(x + side / 2, y + 0.65 * high, f"{count:,}", SIZE, shown))
        groups.append(Group("row", tuple(shapes), {"row": name}))
    size = left + len(columns) * side + PAD, TOP + len(rows) * high + PAD
    return Scene(*size, tuple(groups), caption)


def tone_of(number: int) -> str:
    """Return the tone of a series."""
    return PALETTE[number % len(PALETTE)]


def _legend(series: Sequence[str], left: float) -> Group:
    shapes: list[Shape] = []
    for number, name in enumerate(series):
        y = PAD + number * TOP
        shapes.append(Box(left, y, BAR, BAR, tone_of(number), radius=2, tint=0.8))
        shapes.append(Label(left + 20, y + 11, name, SIZE, align="left"))
    return Group("legend", tuple(shapes))


def _scale(left: float, top: float, bottom: float) -> Group:
    shapes: list[Shape] = []
    for value in range(0, 101, 25):
        x = left + BARS * value / 100
        shapes.append(Stroke(line((x, top - 4), (x, bottom)), "faint", 1))
        shapes.append(Label(x, top - 8, str(value), SIZE - 1, "line"))
    return Group("scale", tuple(shapes))


def _bars(row: Bars, left: float, top: float) -> Group:
    shapes: list[Shape] = [Label(left - PAD, top + 11, row.name, SIZE, align="right")]
    if row.note:
        shapes.append(
            Label(left - PAD, top + 11 + 1.2 * SIZE, row.note, SIZE - 1, "line", align="right")
        )
    for number, value in enumerate(row.values):
        y = top + number * BAR
        shown = "-" if value is None else f"{value:.1f}"
        width = BARS * (value or 0) / 100
        if width:
            shapes.append(
                Box(left, y + 1, width, BAR - 2, tone_of(number), radius=2, tint=0.8, border=0)
            )
        shapes.append(Label(left + width + 6, y + 11, shown, SIZE - 1, align="left", halo=True))
    return Group("bars", tuple(shapes), {"row": row.name})
