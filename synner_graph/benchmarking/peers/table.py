"""The table of a contest, in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HEADINGS = (
    "",
    "epochs",
    "F1 dev",
    "F1 test, gold tokens",
    "F1 test, raw text",
    "training, sentences/s",
    "prediction, sentences/s",
    "raw text, sentences/s",
    "peak memory, MB",
    "start-up, s",
)


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table; who failed comes below it, with the reason."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * len(HEADINGS)}"
    for row in rows:
        if "failed" not in row:
            cells = (
                f"{row['peer']} {row['version']}",
                f"{row['epochs']:.3g}",
                f"{row['dev_f1']:.1f}",
                _f1(row, "test"),
                _f1(row, "raw"),
                f"{row['training_sentences_per_second']:.0f}",
                f"{row['sentences_per_second']:.0f}",
                _whole(row, "raw_sentences_per_second"),
                f"{row['peak_megabytes']:,.0f}",
                f"{row['start_up_seconds']:.1f}",
            )
            yield f"| {' | '.join(cells)} |"
    for row in rows:
        if "failed" in row:
            yield ""
            yield f"{row['peer']} is missing: {row['failed']}"


def _f1(row: Mapping[str, Any], split: str) -> str:
    """F1 with its interval; nothing where a peer does not read texts."""
    if f"{split}_f1" not in row:
        return ""
    ends = row[f"{split}_interval"]
    return f"{row[f'{split}_f1']:.1f} [{ends['low']:.1f}, {ends['high']:.1f}]"


def _whole(row: Mapping[str, Any], key: str) -> str:
    return f"{row[key]:.0f}" if key in row else ""
