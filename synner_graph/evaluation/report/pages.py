"""A report as one HTML file, which needs no server and fetches nothing, and as Markdown."""

from collections.abc import Sequence
from html import escape

from synner_graph.drawing.page import document
from synner_graph.drawing.svg import scrolling
from synner_graph.drawing.text import visible
from synner_graph.evaluation.analysis import Analysis
from synner_graph.evaluation.report.tables import Table, tables

STYLE = (
    "<style>table{border-collapse:collapse;margin:8px 0;font-size:14px}"
    "th,td{padding:3px 10px;text-align:right;border-bottom:1px solid #8884}"
    "th:first-child,td:first-child{text-align:left}"
    "summary{font-size:14px;cursor:pointer}td{font-variant-numeric:tabular-nums}code{font-size:12px;overflow-wrap:anywhere}"
    ".wide{overflow-x:auto}article p{margin:2px 0 6px;font-size:14px;max-width:70em}</style>"
)


def to_html(analyses: Sequence[Analysis]) -> str:
    """Write one page with a chart and a table of each kind of score, in light and dark."""
    title = _title(analyses)
    signed = "".join(
        f"<p>{f'{_html(name)}: ' if name else ''}<code>{_html(signature)}</code></p>"
        for name, signature in _signatures(analyses)
    )
    header = f"<header><h1>{_html(title)}</h1>{signed}</header>"
    return document(title, header, map(_article, tables(analyses)), STYLE)


def to_markdown(analyses: Sequence[Analysis]) -> str:
    """Write the tables."""
    parts = [f"# {_cell(_title(analyses))}"]
    for name, signature in _signatures(analyses):
        code = f"`{signature.replace('`', chr(39))}`"
        parts.append(f"{_cell(name)}: {code}" if name else code)
    for table in tables(analyses):
        head = [f"## {_cell(table.title)}", table.note] if table.note else [f"## {table.title}"]
        rules = ["---", *["---:"] * (len(table.columns) - 1)]
        rows = [[*map(_cell, table.columns)], rules, *([*map(_cell, row)] for row in table.rows)]
        parts += [*head, "\n".join(f"| {' | '.join(row)} |" for row in rows)]
    return "\n\n".join(parts) + "\n"


def _title(analyses: Sequence[Analysis]) -> str:
    names = ", ".join(analysis.name for analysis in analyses)
    return f"{analyses[0].report.split}: entities found by {names}"


def _signatures(analyses: Sequence[Analysis]) -> list[tuple[str, str]]:
    """The signature that all share, without a name; else that of each system."""
    signatures = [(analysis.name, str(analysis.report.signature)) for analysis in analyses]
    if len({signature for _, signature in signatures}) == 1:
        return [("", signatures[0][1])]
    return signatures


def _article(table: Table) -> str:
    note = f"<p>{_html(table.note)}</p>" if table.note else ""
    chart = scrolling(table.chart, styled=False) if table.chart else ""
    head = "".join(f"<th>{_html(name)}</th>" for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    numbers = f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'
    if table.is_drawn:
        numbers = f"<details><summary>As a table</summary>{numbers}</details>"
    return f"<article><h2>{_html(table.title)}</h2>{note}{chart}{numbers}</article>\n"


def _html(text: str) -> str:
    return escape(visible(text))


def _cell(text: str) -> str:
    """Text that stands in a Markdown table as it is."""
    return "".join(f"\\{c}" if c in "\\|`*_<[" else c for c in visible(text))
