"""A report of one or several systems on the same sentences: HTML, Markdown or JSON."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from synner_graph.errors import InputError
from synner_graph.evaluation.analysis import Analysis
from synner_graph.evaluation.report.pages import to_html, to_markdown

__all__ = ["REPORT_FORMATS", "report_format", "report_text"]


def to_json(analyses: Sequence[Analysis]) -> str:
    """Write everything that is known of the systems, in their order."""
    found = {"systems": [analysis.to_json() for analysis in analyses]}
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


REPORT_FORMATS: dict[str, Callable[[Sequence[Analysis]], str]] = {
    "html": to_html,
    "md": to_markdown,
    "json": to_json,
}


def report_format(path: Path) -> str:
    """Return the format of a report: the suffix of the file's name.

    Raises:
        InputError: It is no format of reports.
    """
    suffix = path.suffix.removeprefix(".")
    if suffix not in REPORT_FORMATS:
        raise InputError(f"expected a report named .{', .'.join(REPORT_FORMATS)}, got {path}")
    return suffix


def report_text(analyses: Sequence[Analysis], format: str) -> str:
    """Write a report.

    Args:
        analyses: Of systems on the same sentences, each with a name of its own.
        format: html, md or json.
    """
    return REPORT_FORMATS[format](analyses)
