"""`eval`, as it is typed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.evaluation.signature import Signature
from synner_graph.files import CACHE_VARIABLE
from tests.cli.conftest import Run, without_intervals
from tests.places import ROOT


@pytest.fixture
def test_file(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "test.conllu"
    write_sentences(path, small_corpus.splits["test"])
    return path


def test_reproduces_the_reported_scores(run: Run, trained_run: Path, test_file: Path) -> None:
    result = run("eval", trained_run, "--input", test_file, "--json")
    assert result.exit_code == 0, result.output
    metrics = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    found = json.loads(result.stdout)
    signature = found.pop("signature")
    assert found["overall"]["f1_interval"]["low"] < found["overall"]["f1_interval"]["high"]
    assert without_intervals(found) == metrics["test"]
    assert signature == str(Signature(scheme="bio", data="test.conllu/test"))
    assert "data:sample/dev" in metrics["signatures"]["dev"]


def test_a_table_for_people(run: Run, trained_run: Path) -> None:
    result = run("eval", trained_run, "--dataset", "sample", "--split", "dev")
    assert result.exit_code == 0, result.output
    assert "dev: entities" in result.stdout
    assert "F1 with its 95 % interval over" in result.stdout
    assert all(word in result.stdout for word in ("LOC", "MISC", "ORG", "PER", "155", "macro"))
    assert str(Signature(scheme="bio", data="sample/dev")) in result.stdout


def test_no_cache_neither_keeps_what_is_read_nor_looks_for_it(
    run: Run,
    trained_run: Path,
    test_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    command = ("eval", trained_run, "--input", test_file, "--json")
    without = run(*command, "--no-cache")
    assert without.exit_code == 0, without.output
    assert not (tmp_path / "cache" / "sentences").exists()
    first, second = run(*command), run(*command)
    assert len(list((tmp_path / "cache" / "sentences").iterdir())) == 1
    assert without.stdout == first.stdout == second.stdout


@pytest.mark.slow
def test_reproduces_the_scores_in_a_new_process(trained_run: Path, test_file: Path) -> None:
    command = (sys.executable, ROOT / "cli.py", "-q", "eval", trained_run, "--input", test_file)
    done = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    found = json.loads(done.stdout)
    del found["signature"]
    assert without_intervals(found) == metrics["test"]
    assert done.stderr == ""


def test_raw_text(run: Run, text_run: Path) -> None:
    result = run("eval", text_run, "--dataset", "sample", "--split", "dev", "--raw", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["split"] == "dev"
    for part in ("documents", "sentences"):
        assert report[part]["overall"]["gold"] > 100
        assert report[part]["overall"]["predicted"] > 0
        assert "unit:characters" in report[part]["signature"]
        assert report[part]["resampled"]["units"] > 1
    result = run("eval", text_run, "--dataset", "sample", "--split", "dev", "--raw")
    assert "dev: entities in raw documents" in result.stdout
    assert "dev: entities in raw sentences" in result.stdout


def test_runs_side_by_side_in_a_report(
    run: Run, trained_run: Path, test_file: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(trained_run, tmp_path / "other")
    report = tmp_path / "report.json"
    command = ("eval", trained_run, other, "--input", test_file, "--report", report)
    result = run(*command, "--train", test_file)
    assert result.exit_code == 0, result.output
    assert "F1 of entities" in result.stdout and "macro" in result.stdout
    first, second = json.loads(report.read_text(encoding="utf-8"))["systems"]
    metrics = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    for system, path in ((first, trained_run), (second, other)):
        assert system["system"] == str(path)
        del system["overall"]["f1_interval"]
        assert system["overall"] == metrics["test"]["overall"]
    seen = first["buckets"]["form in training"]
    assert seen["seen with this type"]["gold"] == first["overall"]["gold"]

    page = tmp_path / "report.html"
    result = run("eval", trained_run, "--dataset", "sample", "--report", page, "--json")
    assert json.loads(result.stdout)["overall"]["gold"] == 250
    assert "Form in training" in page.read_text(encoding="utf-8")
    assert "--train" not in result.stderr

    both = run("eval", trained_run, other, "--input", test_file, "--json")
    assert [found["run"] for found in json.loads(both.stdout)] == [str(trained_run), str(other)]


def test_a_report_without_a_training_split_says_so(
    run: Run, trained_run: Path, test_file: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    result = run("eval", trained_run, "--input", test_file, "--report", report)
    assert result.exit_code == 0, result.output
    assert "--train FILE is missing" in result.stderr
    assert "Form in training" not in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a", "a"), "expected each run or system once, got a twice"),
        (("a", "b", "--raw"), "expected either --raw or several runs, got both"),
        (("a", "--parser", "run", "--report", "r.md"), "expected either --parser or --report"),
        (("a", "--report", "r.pdf"), "expected a report named .html, .md, .json, got r.pdf"),
        (("a", "--train", "t.conllu"), "in a report: say --report"),
    ],
)
def test_what_cannot_go_together(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("eval", *arguments, "--dataset", "sample")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_the_output_of_a_system_scores_as_the_run(
    run: Run, trained_run: Path, test_file: Path, tmp_path: Path
) -> None:
    expected = json.loads(run("eval", trained_run, "--gold", test_file, "--json").stdout)
    assert "trees:given" in expected["signature"]
    expected["signature"] = expected["signature"].replace("|trees:given", "")
    for name in ("named.conll2003", "named.jsonl", "named.spanner", "named.txt"):
        found = tmp_path / name
        format = "bmes" if name.endswith("txt") else found.suffix[1:]
        output = () if format == found.suffix[1:] else ("--output-format", format)
        if format == "spanner":
            format = "spanner-predicted"
            output = ("--output-format", format)
        command = ("predict", trained_run, "--input", test_file, "--output", found, *output)
        assert run(*command).exit_code == 0
        given = ("--system-format", format) if output else ()
        result = run("eval", "--system", found, "--gold", test_file, *given, "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout) == expected
    result = run("eval", "--system", tmp_path / "named.jsonl", "--gold", test_file)
    assert "test: entities" in result.stdout
    files = [tmp_path / name for name in ("named.jsonl", "named.conll2003")]
    several = [word for path in files for word in ("--system", path)]
    report = tmp_path / "report.md"
    command = ("eval", trained_run, *several, "--gold", test_file, "--report", report, "--json")
    result = run(*command)
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert [row["run"] for row in rows] == [str(path) for path in (trained_run, *files)]
    assert all(row["overall"] == expected["overall"] for row in rows)
    assert files[1].name in report.read_text(encoding="utf-8")


def test_a_run_folder_is_a_system(
    run: Run, trained_run: Path, parsing_run: Path, test_file
) -> None:
    as_run = run("eval", trained_run, "--gold", test_file, "--format", "conllu", "--json")
    as_system = run(
        "eval", "--system", trained_run, "--gold", test_file, "--format", "conllu", "--json"
    )
    assert json.loads(as_system.stdout) == json.loads(as_run.stdout)


def test_one_format_and_scheme_for_both(run: Run, tmp_path: Path) -> None:
    gold, found = tmp_path / "gold.txt", tmp_path / "found.txt"
    gold.write_text("Ann S-PER\nmet O\nBo S-PER\n")
    found.write_text("Ann S-PER\nmet O\nBo O\n")
    both = ("--format", "conll2003", "--scheme", "bioes")
    result = run("eval", "--system", found, "--gold", gold, *both, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["overall"]["recall"] == 50
    found.write_text("Ann B-PER\nmet O\nBo O\n")
    result = run("eval", "--system", found, "--gold", gold, *both, "--system-scheme", "bio")
    assert result.exit_code == 0, result.output


def test_refuses_what_no_system_can_be_read_as(
    refused: Callable[..., str], text_run: Path, test_file: Path, tmp_path: Path
) -> None:
    found = tmp_path / "found.conll2003"
    found.write_text("Ann O\n")
    assert "runs, or --system FILE" in refused("eval", "--gold", test_file)
    assert "how --system is read" in refused(
        "eval", text_run, "--system-format", "jsonl", "--gold", test_file
    )
    system = ("eval", "--system", found, "--gold", test_file)
    assert "--raw is for a run" in refused(*system, "--raw")
    assert "--parser is for a run" in refused(*system, "--parser", "run")
    assert "each run or system once" in refused(*system, "--system", found)
    assert "same file as the input" in refused(*system, "--report", found)
    assert refused(*system).startswith(f"{found}:1: expected token 1 of sentence 1 to be ")
