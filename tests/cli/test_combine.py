"""`combine`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from tests.cli.conftest import Run

GOLD = [
    Sentence(("Ann", "met", "Bo"), entities=(Entity(0, 1, "PER"), Entity(2, 3, "PER"))),
    Sentence(("Oslo", "!"), entities=(Entity(0, 1, "LOC"),)),
]
FOUND = {
    "a.conll2003": [(GOLD[0].entities), (Entity(0, 1, "ORG"),)],
    "b.jsonl": [(Entity(0, 1, "PER"),), (Entity(0, 1, "LOC"),)],
    "c.iob2": [sentence.entities for sentence in GOLD],
}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three systems and the gold file, `gold.jsonl`."""
    write_sentences(tmp_path / "gold.jsonl", GOLD)
    for name, found in FOUND.items():
        rows = [s.replace(entities=e) for s, e in zip(GOLD, found, strict=True)]
        write_sentences(tmp_path / name, rows)
    return [tmp_path / name for name in FOUND]


def read(path: Path) -> list[list[Entity]]:
    return [list(sentence.entities) for sentence in read_sentences(path)]


@pytest.mark.parametrize("suffix", ["jsonl", "conll2003", "iob2", "conllu", "spanner"])
def test_a_vote_of_three_files(run: Run, files: list[Path], tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"all.{suffix}"
    result = run("combine", *files, "--output", output)
    assert result.exit_code == 0, result.output
    assert read(output) == [list(GOLD[0].entities), [Entity(0, 1, "LOC")]]


def test_scores_go_to_standard_output(run: Run, files: list[Path]) -> None:
    result = run("combine", *files)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [e["score"] for row in rows for e in row["entities"]] == pytest.approx([1, 2 / 3, 2 / 3])


@pytest.mark.parametrize("method", ["weighted", "weighted-by-type"])
@pytest.mark.parametrize("repeated", [True, False])
def test_dev_files(
    run: Run, files: list[Path], tmp_path: Path, method: str, repeated: bool
) -> None:
    output = tmp_path / "all.jsonl"
    dev = [x for f in files for x in ("--dev", f)] if repeated else ["--dev", *files]
    command = ("combine", *files, "--method", method, "--gold-dev", tmp_path / "gold.jsonl", *dev)
    result = run(*command, "--output", output)
    assert result.exit_code == 0, result.output
    assert f"{files[0]}: F1 66.67 on dev" in result.stderr.replace("\n", "")
    assert f"{files[1]}: F1 80.00 on dev" in result.stderr.replace("\n", "")
    assert read(output) == [list(GOLD[0].entities), [Entity(0, 1, "LOC")]]
    [first, _] = list(read_sentences(output))
    found = 2 / 3 + 1 if method == "weighted" else 1 + 1
    assert first.entities[1].score == pytest.approx(found / (found + 0.8))


def test_runs_are_systems(
    run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    gold = tmp_path / "gold.conllu"
    write_sentences(gold, small_corpus.splits["test"])
    named = tmp_path / "named.jsonl"
    assert run("predict", trained_run, "--input", gold, "--output", named).exit_code == 0
    output = tmp_path / "all.conllu"
    options = ("--method", "weighted", "--gold-dev", gold, "--dev", trained_run, named)
    result = run("combine", trained_run, named, *options, "--output", output)
    assert result.exit_code == 0, result.output
    assert read(output) == read(named) and any(read(named))


def test_a_mean_of_probabilities(run: Run, tmp_path: Path) -> None:
    for name, scores in {"a.jsonl": (0.9, 0.2), "b.jsonl": (0.6, 0.7)}.items():
        likely = [[Entity(0, 1, label, p)] for label, p in zip(("PER", "LOC"), scores, strict=True)]
        rows = [s.replace(candidates=c) for s, c in zip(GOLD, likely, strict=True)]
        write_sentences(tmp_path / name, rows)
    result = run("combine", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--method", "mean")
    assert result.exit_code == 0, result.output
    first, second = map(json.loads, result.stdout.splitlines())
    [entity] = first["entities"]
    assert (entity["type"], entity["score"]) == ("PER", pytest.approx(0.75))
    assert second["entities"] == [] and "candidates" not in first


def test_runs_give_their_probabilities(
    run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    gold, named = (tmp_path / name for name in ("gold.conllu", "named.jsonl"))
    write_sentences(gold, small_corpus.splits["test"])
    result = run("predict", trained_run, "--input", gold, "--output", named, "--candidates", 0.001)
    assert result.exit_code == 0, result.output
    dev = ("--gold-dev", gold, "--dev", trained_run, named)
    result = run("combine", trained_run, named, "--method", "mean", *dev)
    assert result.exit_code == 0, result.output
    assert f"{trained_run}: F1 " in result.stderr.replace("\n", "")
    assert len(result.stdout.splitlines()) == 16


def test_the_sentences_are_those_of_the_input(run: Run, files: list[Path], tmp_path: Path) -> None:
    tags = [tmp_path / name for name in ("a.json", "b.json")]
    tags[0].write_text('[["B-PER", "O", "O"], ["O", "O"]]')
    tags[1].write_text('[["B-PER", "O", "B-PER"], ["O", "O"]]')
    output = tmp_path / "all.jsonl"
    given = tmp_path / "given.jsonl"
    write_sentences(given, [s.replace(entities=(), id=f"s{i}") for i, s in enumerate(GOLD)])
    result = run("combine", *tags, "--input", given, "--output", output)
    assert result.exit_code == 0, result.output
    assert read(output) == [[Entity(0, 1, "PER")], []]
    assert [s.id for s in read_sentences(output)] == ["s0", "s1"]


def test_refusals(refused: Callable[..., str], files: list[Path], tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    assert "--gold-dev FILE" in refused("combine", *files, "--method", "weighted", "--dev", *files)
    assert "name their outputs on" in refused("combine", *files, "--method", "weighted")
    assert "got 2" in refused(
        "combine", *files, "--method", "weighted", "--gold-dev", gold, "--dev", *files[:2]
    )
    assert "two systems or more" in refused("combine", files[0])
    assert "--parser gives trees to run folders" in refused("combine", *files, "--parser", "run")
    assert "same file as the input" in refused("combine", *files, "--output", files[1])
    assert "learns nothing" in refused("combine", *files, "--gold-dev", gold, "--dev", *files)
    assert "Did you mean 'weighted'" in refused("combine", *files, "--method", "weigted")
    tags = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in tags:
        path.write_text("[]")
    assert "No system holds any" in refused("combine", *tags)
    other = tmp_path / "other.conll2003"
    other.write_text("Ann O\nmet O\nBob O\n")
    assert refused("combine", files[0], other) == (
        f"{other}:1: expected token 3 of sentence 1 to be 'Bo', got 'Bob'"
    )
