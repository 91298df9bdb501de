"""`data convert`, `data validate` and `data stats`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Refused = Callable[..., str]

GOOD = "Jo\tB-PER\nSmith\tI-PER\n\n"
BAD = "Jo\tI-PER\nSmith\tPERSON\n\nx\tO\n\ny\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.wnut"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_convert(run: Run, good: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    result = run("data", "convert", good, target)
    assert result.exit_code == 0 and result.stdout == ""
    assert "sentences written: 1" in result.stderr
    assert json.loads(target.read_text("utf-8"))["tokens"] == ["Jo", "Smith"]
    back = run("data", "convert", target, "-", "--output-format", "wnut")
    assert back.stdout == GOOD


def test_convert_options(run: Run, tmp_path: Path) -> None:
    line = {"tokens": ["北京", "市"], "entities": [{"start": 0, "end": 2, "type": "LOC"}]}
    nested = {"entities": [*line["entities"], {"start": 1, "end": 2, "type": "X"}]}
    arguments = ["--format", "jsonl", "--output-format", "bmes", "--output-scheme", "bio"]
    result = run(
        "data",
        "convert",
        "-",
        "-",
        *arguments,
        "--characters",
        "last",
        "--nested",
        "outermost",
        stdin=json.dumps(line | nested),
    )
    assert result.stdout == "北 B-LOC\n京 I-LOC\n市 I-LOC\n\n"
    assert "nested entities dropped: 1" in result.stderr


def test_convert_with_trees(run: Run, refused: Refused, good: Path, tmp_path: Path) -> None:
    trees = tmp_path / "trees.conllx"
    row = "{}\t{}\t_\t_\t_\t_\t{}\tx\t_\t_\tO\n"
    trees.write_text(row.format(1, "Jo", 0) + row.format(2, "Smith", 1), encoding="utf-8")
    result = run("data", "convert", good, "-", "--trees", trees, "--output-format", "conllx")
    assert result.stdout.splitlines()[1] == "2\tSmith\t_\t_\t_\t_\t1\tx\t_\t_\tI-PER"
    trees.write_text(row.format(1, "Al", 0), encoding="utf-8")
    message = refused("data", "convert", good, tmp_path / "out.conllx", "--trees", trees)
    assert message == "expected tree 1 to be that of 'Jo Smith', got 'Al'"
    assert not (tmp_path / "out.conllx").exists()


def test_validate(run: Run, good: Path, tmp_path: Path) -> None:
    result = run("data", "validate", good)
    assert result.exit_code == 0
    assert result.stdout == "problems: 0 (sentences with problems: 0 of 1; files: 1)\n"
    bad = tmp_path / "bad.wnut"
    bad.write_text(BAD, encoding="utf-8")
    result = run("data", "validate", bad, tmp_path / "none.wnut", good)
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        f"{bad}:2: expected one of O, B-LABEL, I-LABEL (bio), got 'PERSON'",
        f"{bad}:6: expected 2 columns (TOKEN TAG), got 1",
        f"cannot read {tmp_path / 'none.wnut'}: No such file or directory",
        "problems: 3 (sentences with problems: 2 of 4; files: 3)",
    ]
    assert run("data", "validate", good, "--scheme", "iob1").exit_code == 2


def test_stats(run: Run, good: Path, tmp_path: Path) -> None:
    result = run("data", "stats", good, "--json")
    assert json.loads(result.stdout)[str(good)]["entities_by_type"] == {"PER": 1}
    table = run("data", "stats", "--dataset", "sample").stdout
    assert "train" in table and "non-projective" in table and "nsubj" in table


def test_list_and_show(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNNER_DATA_DIR", raising=False)
    rows = {row["name"]: row for row in json.loads(run("data", "list", "--json").stdout)}
    assert rows["sample"]["here"] and not rows["msra"]["here"]
    assert rows["ontonotes-en"]["counts"]["train"]["sentences"] == 59_924
    table = run("data", "list").stdout
    assert all(name in table for name in rows) and "no:" in table
    shown = run("data", "show", "ontonotes-en", "--data-dir", tmp_path).stdout
    assert f"here: no (no folder ontonotes-en in {tmp_path})" in shown
    assert "LDC2013T19" in shown and "ontonotes-en/test.sd.conllx: 8,262 sentences" in shown
    assert run("data", "show", "resume", "--json").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "ontonotes"), "Did you mean 'ontonotes-"),
        (("stats",), "either files or --dataset NAME"),
        (("stats", "a.conllu", "--dataset", "sample"), "either files or --dataset NAME"),
        (("stats", "none.wnut"), "cannot read none.wnut"),
        (("stats", "--dataset", "uner-ewd"), "Did you mean 'uner-ewt'?"),
        (("convert", "none.wnut", "out.wnut"), "cannot read none.wnut"),
        (("convert", "none.wnut", "out.txt"), "expected a file named"),
        (("convert", "none.jsonl", "out.wnut", "--scheme", "bio"), "no tagging scheme for jsonl"),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...], message: str, refused: Refused) -> None:
    assert message in refused("data", *arguments)
