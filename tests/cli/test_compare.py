"""`compare`, as it is typed."""

import json
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.data.sentence import Entity, Sentence
from tests.cli.conftest import Run

GOLD = [
    Sentence(("Ann", "met", "Bo"), entities=(Entity(0, 1, "PER"), Entity(2, 3, "PER"))),
    Sentence(("Oslo", "!"), entities=(Entity(0, 1, "LOC"),)),
] * 8


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Gold entities, a system that finds them, one that misses a kind, and one that misses all."""
    found = {
        "gold.jsonl": GOLD,
        "a.conll2003": GOLD,
        "b.jsonl": [s.replace(entities=s.entities[:1]) for s in GOLD],
        "c.iob2": [s.replace(entities=()) for s in GOLD],
    }
    for name, sentences in found.items():
        write_sentences(tmp_path / name, sentences)
    return [tmp_path / name for name in found]


def test_two_files(run: Run, files: list[Path], tmp_path: Path) -> None:
    gold, a, b, _ = files
    page = tmp_path / "page.html"
    result = run("compare", a, b, "--gold", gold, "--page", page, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [system["f1"]["value"] for system in found["systems"]] == [100, 80]
    (gap,) = found["differences"]
    assert (gap["first"], gap["second"], gap["value"]) == (str(a), str(b), 20)
    assert gap["low"] < 20 < gap["high"] and gap["p"] == gap["p_holm"] < 0.01
    assert (found["unit"], found["units"]) == ("sentences", 16)
    assert found["signature"].startswith("match:strict|unit:tokens|scheme:spans|")
    assert page.read_text().count("<article ") == 8


def test_groups_and_several_systems_in_tables(run: Run, files: list[Path]) -> None:
    gold, a, b, c = files
    result = run("compare", f"both={a},{b}", c, "--gold", gold, "--train", gold)
    assert result.exit_code == 0, result.output
    assert "both" in result.stdout and "over 16 sentences" in result.stdout
    assert "type: PER" in result.stdout and "Holm" not in result.stdout
    assert "form in training" in run(
        "compare", a, b, "--gold", gold, "--train", gold, "--buckets", 40
    ).stdout.replace("\n", " ")
    assert "Holm" in run("compare", a, b, c, "--gold", gold).stdout


def test_runs_on_a_corpus(
    run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    gold = tmp_path / "gold.conllu"
    write_sentences(gold, small_corpus.splits["test"])
    result = run("compare", f"run={trained_run}", gold, "--gold", gold, "--json")
    assert result.exit_code == 0, result.output
    run_f1, gold_f1 = (s["f1"]["value"] for s in json.loads(result.stdout)["systems"])
    assert run_f1 < gold_f1 == 100


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["{a}"], "expected two systems or more, got 1"),
        (["{a}", "{a}"], "expected a name for each system"),
        (["x={a}", "y={a}"], "expected each system once"),
        (["{a}", "{b}", "--page", "p.svg"], "--page writes an .html file, got p.svg"),
        (["{a}", "{b}", "--page", "{b}"], "is the same file as the input"),
        (["{a}", "{b}", "--split", "train", "--train", "{a}"], "--train says what systems were"),
        (["{a}", "{b}", "--dataset", "sample"], "either --dataset NAME or --gold FILE"),
        (["{a}", "missing.jsonl"], "missing.jsonl"),
        (["{a}", "{b}", "--parser", "run"], "--parser gives trees to run folders"),
    ],
)
def test_what_cannot_be_compared(
    run: Run, files: list[Path], options: list[str], said: str
) -> None:
    gold, a, b, _ = files
    result = run("compare", *(o.format(a=a, b=b) for o in options), "--gold", gold)
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")
