"""The lines of dictionaries, well-formed and not."""

from pathlib import Path

import pytest

from synner_graph.data.entries import Row, read_rows
from synner_graph.data.gazetteer import read_gazetteer
from synner_graph.errors import InputError


def rows_of(text: str, folder: Path, rules: bool = True) -> list[Row]:
    path = folder / "LOC.txt"
    path.write_bytes(text.encode())
    return list(read_rows(path, "dictionary", rules=rules))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("New  York", ("New York", "LOC", "exact", None, None)),
        ("New York\tORG", ("New York", "ORG", "exact", None, None)),
        ("nato\tORG\tcasefold", ("nato", "ORG", "casefold", None, None)),
        ("nato\tORG\tveto\tcasefold", ("nato", "ORG", "casefold", "veto", None)),
        ("nato\tORG\t-1.5\thint", ("nato", "ORG", "exact", "hint", -1.5)),
        ("\ufeffa\u2028b\tX\r", ("a b", "X", "exact", None, None)),
        ('{"label": "ORG", "pattern": "Acme", "id": "x"}', ("Acme", "ORG", "exact", None, None)),
        (
            '{"label": "ORG", "pattern": "Acme", "case": "casefold", "rule": "hint", "weight": 3}',
            ("Acme", "ORG", "casefold", "hint", 3.0),
        ),
        (
            '{"label": "ORG", "pattern": [{"LOWER": "acme"}, {"LOWER": "corp."}]}',
            ("acme corp.", "ORG", "casefold", None, None),
        ),
        (
            '{"label": "ORG", "pattern": [{"ORTH": "Acme"}, {"TEXT": "Corp."}]}',
            ("Acme Corp.", "ORG", "exact", None, None),
        ),
    ],
)
def test_every_form_of_a_line(line: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    (row,) = rows_of(f"{line}\n", tmp_path)
    entry = row.entry
    assert (entry.phrase, entry.label, entry.case, row.rule, row.weight) == expected
    assert entry.list == "LOC" and (row.path, row.line) == (str(tmp_path / "LOC.txt"), 1)


def test_lines_are_counted_as_editors_count_them(tmp_path: Path) -> None:
    text = "a\n\n \t\nb\u2028c\r\nd\n"
    assert [row.line for row in rows_of(text, tmp_path)] == [1, 4, 5]


HOSTILE = [
    ("a\tb\tlower", "expected exact, casefold, force, veto, hint or a weight, got 'lower'"),
    ("a\tb\texact\tcasefold", "expected one case, got 'exact' and 'casefold'"),
    ("a\tb\tveto\tforce", "expected one rule, got 'veto' and 'force'"),
    ("a\tb\thint\tnan", "expected a weight from -1000 to 1000, other than 0, got nan"),
    ("a\tb\thint\t0", "expected a weight from -1000 to 1000, other than 0, got 0.0"),
    ("a\tb\thint\t1e999", "expected a weight from -1000 to 1000, other than 0, got inf"),
    ("\tLOC", "expected a phrase, got nothing"),
    ("\u00a0", "expected a phrase, got nothing"),
    ("Rome\t ", "expected a label, got nothing"),
    ('{"label": "LOC"}', "expected a string as 'pattern', got None"),
    ('{"label": 1, "pattern": "x"}', "expected a string as 'label', got 1"),
    (
        '{"label": "LOC", "pattern": "x", "rule": "must"}',
        "expected force, veto or hint, got 'must'",
    ),
    ('{"label": "LOC", "pattern": "x", "rule": ["veto"]}', "expected force, veto or hint, got"),
    ('{"label": "LOC", "pattern": "x", "case": {}}', "expected exact or casefold, got {}"),
    ('{"label": "LOC", "pattern": "x", "weight": true}', "expected a weight from -1000 to 1000"),
    ('{"label": "LOC", "pattern": "x", "weight": "2"}', "expected a weight from -1000 to 1000"),
    ('{"label": "LOC", "pattern": "x", "weight": NaN}', "expected a weight from -1000 to 1000"),
    ('{"label": "LOC", "pattern": "x", "weight": 1%s}' % ("0" * 400), "expected a weight from"),
    ('{"label": "LOC", "pattern": "x", "kb_id": 7}', "expected no keys but label, pattern, id"),
    ('{"label": "LOC", "label": "ORG", "pattern": "x"}', "expected each key once, got 'label'"),
    ('{"label": "LOC", "pattern": []}', "expected a pattern, got one without tokens"),
    ('{"label": "LOC", "pattern": ["x"]}', "expected tokens such as {'ORTH': 'Acme'}"),
    (
        '{"label": "LOC", "pattern": [{"POS": "X"}]}',
        "expected tokens such as {'ORTH': 'Acme'} or {'LOWER': 'acme'}, got {'POS': 'X'}: a ",
    ),
    ('{"label": "LOC", "pattern": [{"LOWER": "x", "OP": "?"}]}', "expected tokens such as"),
    ('{"label": "LOC", "pattern": [{"LOWER": {"IN": ["x"]}}]}', "expected a token as LOWER"),
    ('{"label": "LOC", "pattern": [{"ORTH": "New York"}]}', "expected a token as ORTH"),
    ('{"label": "LOC", "pattern": [{"LOWER": "X"}]}', "expected small letters as LOWER, got 'X'"),
    (
        '{"label": "LOC", "pattern": [{"LOWER": "x"}, {"ORTH": "Y"}]}',
        "expected ORTH of all tokens of a pattern or LOWER of all, got both",
    ),
    (
        '{"label": "LOC", "case": "exact", "pattern": [{"LOWER": "x"}]}',
        "expected the case of a pattern in its tokens alone, got exact as well",
    ),
    ('{"label": ', "expected a JSON object, got '{\"label\":': "),
    ('{"label": %s' % ("[" * 100_000), "expected a JSON object, got"),
]


@pytest.mark.parametrize(("line", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_bad_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        rows_of(f"Paris\tLOC\n\n{line}\n", tmp_path)
    said = str(refusal.value)
    assert said.startswith(f"{tmp_path / 'LOC.txt'}:3: {message}") and "\n" not in said


def test_a_gazetteer_has_no_rules(tmp_path: Path) -> None:
    for line, message in (
        ("a\tb\tlower", "expected exact or casefold, got 'lower'"),
        ("a\tb\tforce", "expected exact or casefold, got 'force'"),
        ("a\tb\texact\tc", "expected phrase, type and case, got 4 columns"),
        ('{"label": "b", "pattern": "a", "rule": "veto"}', "expected no keys but"),
    ):
        with pytest.raises(InputError, match=message):
            rows_of(line, tmp_path, rules=False)
        with pytest.raises(InputError, match=message):
            read_gazetteer(tmp_path / "LOC.txt")


def test_files_that_cannot_be_read_or_are_empty(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.tsv", r"cannot read .*none.tsv: No such file"),
        (tmp_path, r"cannot read .*: Is a directory"),
        (Path("-"), "expected a file as dictionary, got standard input"),
    ):
        with pytest.raises(InputError, match=message):
            list(read_rows(path, "dictionary"))
    with pytest.raises(InputError, match=r"The dictionary .*LOC.txt has no entries."):
        rows_of("\n \n", tmp_path)
    (tmp_path / "latin.tsv").write_bytes(b"Paris\nM\xfcnchen\n")
    with pytest.raises(InputError, match=r"latin.tsv:2: expected UTF-8, got byte 0xfc"):
        list(read_rows(tmp_path / "latin.tsv", "dictionary"))
