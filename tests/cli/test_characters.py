"""`train --text.characters`: a corpus of words without blanks, and raw text, both by characters."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

WORDS = """\
1\t王小明\t_\tPROPN\tNR\t_\t3\tnsubj\t_\t_\tB-PER
2\t在\t_\tADP\tIN\t_\t3\tcase\t_\t_\tO
3\t北京\t_\tPROPN\tNR\t_\t0\troot\t_\t_\tB-LOC
4\t。\t_\tPUNCT\t.\t_\t3\tpunct\t_\t_\tO

1\t李\t_\tPROPN\tNR\t_\t3\tnsubj\t_\t_\tB-PER
2\t四\t_\tPROPN\tNR\t_\t1\tflat\t_\t_\tI-PER
3\t去\t_\tVERB\tVV\t_\t0\troot\t_\t_\tO
4\t上海\t_\tPROPN\tNR\t_\t3\tobj\t_\t_\tB-LOC
5\t。\t_\tPUNCT\t.\t_\t3\tpunct\t_\t_\tO

"""
SMALL = (
    *("--encoder", "characters", "--encoder.character_size=16", "--head", "span"),
    *("--gnn", "none", "--recurrent", "lstm", "--recurrent.size=16", "--learning-rate", "0.02"),
    *("--encoder.dropout=0", "--head.dropout=0"),
)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A file of two Chinese sentences, cut into words."""
    path = tmp_path / "words.conllx"
    path.write_text(WORDS, encoding="utf-8")
    return path


def test_raw_text_is_read_as_the_corpus_was(words: Path, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    files = ("--train", words, "--dev", words)
    by_characters = ("--text.characters", "first", "--epochs", "60", "--output", folder)
    trained = run("train", *files, *SMALL, *by_characters)
    assert trained.exit_code == 0, trained.output
    assert "written without blanks" not in trained.output

    scored = run("eval", folder, "--input", words, "--json")
    assert json.loads(scored.stdout)["overall"]["f1"] == 100
    raw = json.loads(run("eval", folder, "--input", words, "--raw", "--json").stdout)
    assert raw["documents"]["overall"]["f1"] == raw["sentences"]["overall"]["f1"] == 100
    named = run("predict", folder, "王小明在北京。李四去上海。")
    lines = [json.loads(line) for line in named.stdout.splitlines()]
    found = [(e["text"], e["label"]) for line in lines for e in line["entities"]]
    assert found == [("王小明", "PER"), ("北京", "LOC"), ("李四", "PER"), ("上海", "LOC")]

    refused = run("predict", folder, "--input", words)
    assert refused.exit_code == 2
    assert "expected one as each token, got '王小明'" in " ".join(refused.stderr.split())
    cut = tmp_path / "cut.conllu"
    assert run("data", "convert", words, cut, "--characters", "first").exit_code == 0
    assert run("predict", folder, "--input", cut).exit_code == 0


def test_a_run_that_learns_from_such_words_says_that_raw_text_has_none(
    words: Path, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    files = ("--train", words, "--dev", words)
    trained = run("train", *files, *SMALL, "--epochs", "1", "--output", folder)
    assert trained.exit_code == 0, trained.output
    assert "--text.characters first" in " ".join(trained.output.split())
