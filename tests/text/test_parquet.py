"""Texts of parquet files."""

import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import pytest

from synner_graph.errors import InputError
from synner_graph.text.parquet import parquet_rows

pyarrow = pytest.importorskip("pyarrow")


def save(path: Path, **columns: Any) -> str:
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path, row_group_size=2)
    return str(path)


def refusal(source: str, column: str = "text") -> str:
    with pytest.raises(InputError) as error:
        list(parquet_rows(source, column))
    return str(error.value).removeprefix(source)


def test_rows_keep_what_json_can_hold(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = save(
        tmp_path / "x.parquet",
        id=[1, 2, None],
        body=["Jo", "", "É 👍"],
        day=[datetime.date(2020, 1, 2)] * 3,
        price=[decimal.Decimal("1.10")] * 3,
        share=[0.5, float("nan"), float("inf")],
        more=[[{"a": [True, None]}]] * 3,
        image=[b"x"] * 3,
    )
    rows = list(parquet_rows(source, "body"))
    assert [row.text for row in rows] == ["Jo", "", "É 👍"]
    fields = [{name: json.loads(value) for name, value in row.fields.items()} for row in rows]
    assert [row["id"] for row in fields] == [1, 2, None]
    assert [row["share"] for row in fields] == [0.5, None, None]
    kept = {"body": "É 👍", "day": "2020-01-02", "price": "1.10", "more": [{"a": [True, None]}]}
    assert fields[2] == {"id": None, "share": None} | kept
    assert "JSON cannot hold the columns image, which are left out" in caplog.text


def test_dictionaries_of_strings_are_strings(tmp_path: Path) -> None:
    column = pyarrow.array(["a", "b", "a"]).dictionary_encode()
    rows = parquet_rows(save(tmp_path / "x.parquet", text=column), "text")
    assert [row.text for row in rows] == ["a", "b", "a"]


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    assert refusal(str(path)).startswith(f"cannot read {path}: ")
    for content in (b"", b"hello", b"PAR1" + b"\x00" * 20 + b"PAR1"):
        path.write_bytes(content)
        assert refusal(str(path)) == ": expected a parquet file, got something else"
    source = save(path, text=["a", "b", None], number=[1, 2, 3])
    assert refusal(source) == ": row 3: expected a text in the column 'text', got null"
    assert refusal(source, "number") == ": expected strings in the column 'number', got int64"
    assert refusal(source, "body") == (
        ": expected a column 'body' (--text-column names another), got text, number"
    )
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)
    assert ": row " in refusal(source)


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert refusal("x.parquet") == " needs pyarrow: pip install 'synner-graph[parquet]'."
