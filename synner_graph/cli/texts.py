"""Open the texts of a file, for the commands that read texts and sentences."""

from pathlib import Path
from typing import TYPE_CHECKING

from synner_graph.data.formats import DOCUMENT_FORMATS, FORMATS, fitting
from synner_graph.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from synner_graph.text.live import LiveLines
    from synner_graph.text.sources import Record

TEXT = "text"
PARQUET = ".parquet"


def texts_of(
    source: str,
    format: str | None,
    field: str | None = None,
    column: str | None = None,
    live: "LiveLines | None" = None,
) -> "Iterator[Record] | None":
    """Return the texts of a file; None if it holds sentences.

    Args:
        source: The file; `-` for standard input.
        format: As on the command line.
        field: The field of JSON lines that has the text, as on the command line.
        column: The column of a parquet file that has the text, likewise.
        live: The lines of standard input, where they come one by one.

    Raises:
        InputError: It cannot be known what the file holds, or the options contradict each other.
    """
    from synner_graph.text.sources import (
        TEXT_FIELD,
        holds_tokens,
        json_lines,
        task_texts,
        text_lines,
    )

    suffix = Path(source).suffix
    if column is not None or (suffix == PARQUET and format is None and field is None):
        from synner_graph.text.parquet import parquet_rows

        if format is not None or field is not None:
            other = "--text-field" if format is None else f"--format {format}"
            raise InputError(f"--text-column names a column of a parquet file: leave {other} out.")
        return parquet_rows(source, column or TEXT_FIELD)
    if format is None and field is None and suffix.removeprefix(".") not in FORMATS:
        _check_texts(source, suffix)
    if field is not None:
        if format not in (None, "jsonl"):
            raise InputError(f"--text-field names a field of JSON lines, not of {format}.")
        return json_lines(source, field, live)
    if format == TEXT or (format is None and (source == "-" or suffix == ".txt")):
        return text_lines(source, live)
    if format is None and suffix == ".jsonl" and not holds_tokens(source):
        return json_lines(source, TEXT_FIELD)
    name = format or suffix.removeprefix(".")
    if name in DOCUMENT_FORMATS and DOCUMENT_FORMATS[name].has_texts:
        return json_lines(source, TEXT_FIELD) if name == "doccano" else task_texts(source)
    return None


def _check_texts(source: str, suffix: str) -> None:
    """Refuse a file by whose name it cannot be known whether it holds texts.

    Raises:
        InputError: It is no .txt, or what is in it are the columns of a format.
    """
    is_text = source == "-" or suffix == ".txt"
    names = fitting(source)
    if is_text and not names:
        return
    found = f"; its first sentence can be read as {', '.join(names)}" if names else ""
    raise InputError(
        f"cannot know by the name of {source} what it holds: say --format {TEXT} for a text a "
        f"line, or --format NAME for sentences, one of {', '.join(FORMATS)}{found}."
    )
