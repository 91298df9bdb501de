"""Read texts from a column of a parquet file."""

import datetime
import decimal
import json
import logging
import math
from collections.abc import Iterator
from typing import Any

from synner_graph.errors import InputError
from synner_graph.text.sources import Record

logger = logging.getLogger(__name__)

ROWS = 1000
"""That are held at once."""


def parquet_rows(source: str, column: str) -> Iterator[Record]:
    """Read a text from each row, and keep the other columns that JSON can hold.

    Dates, times and decimals are kept as strings, numbers that are not finite as null; columns of
    bytes and the like are left out, with a line in the log.

    Args:
        source: The file.
        column: The name of the column.

    Raises:
        InputError: pyarrow is missing, the file cannot be read, has no such column of strings, or a
            row has no text.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"{source} needs pyarrow: pip install 'synner-graph[parquet]'.") from error
    try:
        stream = open(source, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror}") from error
    with stream:
        try:
            file = parquet.ParquetFile(stream)
        # What it raises for broken files.
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise InputError(f"{source}: expected a parquet file, got something else") from error
        yield from _rows(source, column, file)


def _rows(source: str, column: str, file: Any) -> Iterator[Record]:
    import pyarrow
    from pyarrow import types

    schema = file.schema_arrow
    if column not in schema.names:
        raise InputError(
            f"{source}: expected a column {column!r} (--text-column names another), got "
            f"{', '.join(schema.names)}"
        )
    kind = schema.field(column).type
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(kind) or types.is_large_string(kind)):
        raise InputError(f"{source}: expected strings in the column {column!r}, got {kind}")
    kept = [field.name for field in schema if _is_plain(field.type, types)]
    if len(kept) < len(schema.names):
        others = ", ".join(name for name in schema.names if name not in kept)
        logger.warning("%s: JSON cannot hold the columns %s, which are left out", source, others)
    number = 0
    try:
        for batch in file.iter_batches(ROWS, columns=kept):
            for row in batch.to_pylist():
                number += 1
                yield _record(row, column, f"{source}: row {number}")
    except (pyarrow.ArrowException, UnicodeDecodeError, OSError) as error:
        message = f"expected a row that can be read, got {error}"
        raise InputError(f"{source}: row {number + 1}: {message}") from error


def _record(row: dict[str, Any], column: str, where: str) -> Record:
    text = row[column]
    if text is None:
        raise InputError(f"{where}: expected a text in the column {column!r}, got null")
    values = {name: json.dumps(_value(value), ensure_ascii=False) for name, value in row.items()}
    return Record(text, values)


def _is_plain(kind: Any, types: Any) -> bool:
    """Say whether JSON has a way to write values of a type."""
    if types.is_struct(kind):
        return all(_is_plain(kind.field(i).type, types) for i in range(kind.num_fields))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_dictionary(kind):
        return _is_plain(kind.value_type, types)
    tests = ("string", "large_string", "boolean", "integer", "floating", "null")
    times = ("date", "time", "timestamp", "decimal")
    return any(getattr(types, f"is_{name}")(kind) for name in tests + times)


def _value(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {name: _value(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_value(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value) if isinstance(value, decimal.Decimal) else value
