"""Texts out of files."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.formats import FormatError
from synner_graph.errors import InputError
from synner_graph.text.sources import Record, holds_tokens, json_lines, size_of, text_lines


def written(folder: Path, content: bytes, name: str = "in.txt") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


lines = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=9))


@given(lines, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_lines_are_where_they_say(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, is_ended: bool
) -> None:
    content = end.join(lines) + (end if is_ended else "")
    path = written(tmp_path_factory.mktemp("text"), content.encode())
    found = list(text_lines(path))
    texts = content.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    assert [r.text for r in found] == (
        texts[:-1] if content.endswith("\n") or not content else texts
    )
    for number, record in enumerate(found, 1):
        fields = {name: json.loads(value) for name, value in record.fields.items()}
        start = fields["start_char"]
        assert content[start : start + len(record.text)] == record.text == fields["text"]
        assert fields["line"] == number
    assert not found or found[-1].position == size_of(path)


def test_fields_are_kept(tmp_path: Path) -> None:
    rows = [{"id": 7, "body": "a\ud800", "text": 1}, {"body": "", "x": [None]}]
    path = written(tmp_path, "\n\n".join(map(json.dumps, rows)).encode())
    records = list(json_lines(path, "body"))
    kept = [{name: json.dumps(value) for name, value in row.items()} for row in rows]
    assert [(r.text, r.fields) for r in records] == list(zip(["a\ud800", ""], kept, strict=True))


def test_values_are_kept_to_the_letter(tmp_path: Path) -> None:
    values = ["1e400", "1.10", "-0", "1" * 5_000, r'"\u00e9\/"', '{"a":1,  "b" :[ 2.0]}', "NaN"]
    pairs = ", ".join(f'"{i}" : {value}' for i, value in enumerate(values))
    path = written(tmp_path, f'\ufeff {{ "text": "x" ,{pairs} }} \r\n'.encode())
    (record,) = json_lines(path, "text")
    assert record.text == "x"
    assert list(record.fields.values()) == ['"x"', *values]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"text": "a"}\n{"text"', "in.jsonl:2: expected a JSON object: "),
        (b'{"text": "a", "n": 1, "n": 2}', "in.jsonl:1: expected each field once, got 'n'"),
        (b"[1]", "in.jsonl:1: expected a JSON object with a string as 'text', got [1]"),
        (b'{"text": 3}', "in.jsonl:1: expected a JSON object with a string as 'text', got {\"te"),
        (b'{"text": "\xff"}', "in.jsonl:1: expected UTF-8, got byte 0xff as byte 11 of the line"),
        (b"[" * 100_000, "in.jsonl:1: expected a JSON object: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, content, "in.jsonl")
    with pytest.raises(FormatError, match=re.escape(message)):
        list(json_lines(path, "text"))


def test_json_lines_hold_tokens_or_texts(tmp_path: Path) -> None:
    for content, has in (
        (b'\n{"tokens": ["a"]}', True),
        (b'{"text": "a"}', False),
        (b"", False),
        (b"nonsense", False),
    ):
        assert holds_tokens(written(tmp_path, content)) is has


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*: No such file"):
        list(text_lines(str(tmp_path / "none.txt")))
    assert size_of("-") is None


def test_a_record_is_a_text_and_what_goes_with_it() -> None:
    assert Record("a", {"text": '"a"'}).position == 0
