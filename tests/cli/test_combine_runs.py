"""`combine` of run folders: a span model as judge, calibrated scores, saved combinations."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.evaluation.combination import Combiner
from synner_graph.evaluation.combination.saved import load_combination
from tests.cli.conftest import Run


@pytest.fixture
def gold(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "gold.conllu"
    write_sentences(path, small_corpus.splits["test"])
    return path


@pytest.fixture
def dev(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "dev.conllu"
    write_sentences(path, small_corpus.splits["dev"])
    return path


@pytest.mark.parametrize("method", ["mean", "span"])
def test_a_saved_combination_predicts_and_is_scored_like_what_was_written(
    run: Run,
    trained_run: Path,
    parsing_run: Path,
    gold: Path,
    dev: Path,
    tmp_path: Path,
    method: str,
) -> None:
    folder, output = tmp_path / "combined", tmp_path / "all.jsonl"
    span = ("--span", trained_run) if method == "span" else ()
    runs = (trained_run, parsing_run)
    learning = ("--method", method, *span, "--gold-dev", dev, "--calibrate", "--save", folder)
    result = run("combine", *runs, *learning, "--input", gold, "--output", output)
    assert result.exit_code == 0, result.output
    written = list(read_sentences(output))
    assert sum(len(s.entities) for s in written) > 3
    assert load_combination(folder).combiner.calibration is not None

    named = tmp_path / "named.jsonl"
    options = ("--output", named, "--candidates", 0.01)
    result = run("predict", folder, "--input", gold, *options)
    assert result.exit_code == 0, result.output
    for ours, theirs in zip(read_sentences(named), written, strict=True):
        assert ours.entities == theirs.entities
        scores = {candidate: candidate.score for candidate in ours.candidates or ()}
        for entity, same in zip(ours.entities, theirs.entities, strict=True):
            assert entity.score == pytest.approx(same.score, rel=1e-4)
            assert scores[entity] == pytest.approx(entity.score, rel=1e-9)

    result = run("eval", folder, "--input", gold, "--json")
    assert result.exit_code == 0, result.output
    counts = json.loads(result.stdout)["overall"]
    right = [
        len(set(ours.entities) & set(wanted.entities))
        for ours, wanted in zip(written, read_sentences(gold), strict=True)
    ]
    assert counts["correct"] == sum(right)
    assert counts["predicted"] == sum(len(s.entities) for s in written)


def test_without_an_output_the_combination_is_only_saved(
    run: Run, trained_run: Path, parsing_run: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "combined"
    result = run("combine", trained_run, parsing_run, "--method", "mean", "--save", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert load_combination(folder).combiner == Combiner.learn("mean", 2)


def test_texts(run: Run, text_run: Path, parsing_run: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "combined", tmp_path / "named.jsonl"
    assert run("combine", text_run, parsing_run, "--save", folder).exit_code == 0
    texts = tmp_path / "texts.txt"
    texts.write_text("Angela Merkel met the UN in Geneva.\nShe went on to Bern.\n")
    result = run("predict", folder, "--input", texts, "--output", output)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    ner = load_combination(folder)
    assert [len(line["entities"]) for line in lines] == [
        len(ner(text).entities) for text in texts.read_text().splitlines()
    ]
    result = run("eval", folder, "--dataset", "sample", "--split", "dev", "--raw", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["sentences"]["overall"]["gold"] > 100


def test_a_combination_is_a_system_like_any_other(
    run: Run, trained_run: Path, parsing_run: Path, gold: Path, tmp_path: Path
) -> None:
    folder, output = tmp_path / "combined", tmp_path / "all.jsonl"
    assert run("combine", trained_run, parsing_run, "--save", folder).exit_code == 0
    result = run("combine", trained_run, parsing_run, folder, "--input", gold, "--output", output)
    assert result.exit_code == 0, result.output
    sentences = list(read_sentences(gold))
    found = [
        [e for e in ours.entities if e in theirs.entities]
        for ours, theirs in zip(
            SynNER.from_pretrained(trained_run).predict(sentences),
            SynNER.from_pretrained(parsing_run).predict(sentences),
            strict=True,
        )
    ]
    assert [list(s.entities) for s in read_sentences(output)] == found


def test_refusals(
    refused: Callable[..., str],
    trained_run: Path,
    parsing_run: Path,
    gold: Path,
    tmp_path: Path,
) -> None:
    runs, folder = (trained_run, parsing_run), tmp_path / "combined"
    needs = "The method span needs a model that judges spans, and no other has use for one"
    assert needs in refused("combine", *runs, "--method", "span", "--input", gold)
    assert needs in refused("combine", *runs, "--span", trained_run, "--input", gold)
    for method in ("majority", "mean"):
        message = refused("combine", *runs, "--method", method, "--calibrate", "--input", gold)
        assert message.startswith("Scores are calibrated on sentences with gold entities")
    message = refused("combine", *runs, "--save", folder, "--input", gold)
    assert message == f"Nothing is written, so {gold} has no use: name an --output, too."
    assert "Only run folders can be saved" in refused("combine", *runs, gold, "--save", folder)
    assert "is not empty" in refused("combine", *runs, "--save", tmp_path)
    assert not folder.exists()


def test_commands_for_one_run_say_so(
    run: Run,
    refused: Callable[..., str],
    trained_run: Path,
    parsing_run: Path,
    gold: Path,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "combined"
    assert run("combine", trained_run, parsing_run, "--save", folder).exit_code == 0
    single = "is a combination of runs: predict and eval take it, but here a single run is expected"
    assert single in refused("calibrate", folder, "--dataset", "sample")
    assert single in refused("visualize", folder, "--dataset", "sample", "--output", "a.html")
    one = "The parser 'run' is that of one run, and each member of a combination has its own"
    output = ("--output", tmp_path / "named.conllu")
    assert one in refused("predict", folder, "--input", gold, "--parser", "run", *output)
    several = "--parser compares the trees of one run, and a combination has several"
    assert several in refused("eval", folder, "--input", gold, "--parser", "run")
