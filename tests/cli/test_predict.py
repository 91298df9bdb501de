"""`predict`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.cli.pretty import print_pretty
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import LINE_FORMATS, read_sentences, write_sentences
from synner_graph.data.sentence import Entity, Sentence
from tests.cli.conftest import Run


@pytest.fixture
def parsed(small_corpus: Corpus, tmp_path: Path) -> Path:
    path = tmp_path / "parsed.conllu"
    write_sentences(path, (s.replace(entities=()) for s in small_corpus.splits["test"]))
    return path


@pytest.mark.parametrize("name", sorted(LINE_FORMATS))
def test_every_format_comes_out(
    name: str, run: Run, trained_run: Path, parsed: Path, tmp_path: Path
) -> None:
    output = tmp_path / f"named.{name}"
    result = run("predict", trained_run, "--input", parsed, "--output", output)
    assert result.exit_code == 0, result.output
    wanted = SynNER.from_pretrained(trained_run).predict(list(read_sentences(parsed)))
    found = list(read_sentences(output))
    assert [names(s) for s in found] == [names(s) for s in wanted]
    assert sum(len(s.entities) for s in found) > 0


def names(sentence: Sentence) -> list[tuple[str, str]]:
    """Labels and letters of the entities: a format may have tokens of its own."""
    return [(e.label, "".join(sentence.tokens[e.start : e.end])) for e in sentence.entities]


@pytest.mark.parametrize("name", ["conllx", "conllu"])
def test_every_format_with_trees_goes_in(
    name: str, run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    source, output = tmp_path / f"parsed.{name}", tmp_path / "named.conllu"
    write_sentences(source, small_corpus.splits["test"])
    assert run("predict", trained_run, "-i", source, "-o", output).exit_code == 0
    wanted = SynNER.from_pretrained(trained_run).predict(small_corpus.splits["test"])
    assert [s.entities for s in read_sentences(output)] == [s.entities for s in wanted]


def test_keeps_what_it_does_not_touch(run: Run, trained_run: Path, parsed: Path) -> None:
    result = run("predict", trained_run, "--input", parsed)
    assert result.exit_code == 0, result.output
    before, after = parsed.read_text(encoding="utf-8"), result.stdout
    for old, new in zip(before.splitlines(), after.splitlines(), strict=True):
        assert new.split("\t")[:9] == old.split("\t")[:9]


def test_standard_input_and_output(run: Run, trained_run: Path, parsed: Path) -> None:
    from_file = run("predict", trained_run, "--input", parsed)
    piped = run("predict", trained_run, "--format", "conllu", stdin=parsed.read_bytes())
    assert piped.exit_code == 0, piped.output
    assert piped.stdout == from_file.stdout


def test_pretty(run: Run, trained_run: Path, parsed: Path) -> None:
    result = run("predict", trained_run, "--input", parsed, "--pretty", "--limit", 3)
    assert result.exit_code == 0, result.output
    wanted = SynNER.from_pretrained(trained_run).predict(list(read_sentences(parsed))[:3])
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    for line, sentence in zip(lines, wanted, strict=True):
        for entity in sentence.entities:
            words = " ".join(sentence.tokens[entity.start : entity.end])
            assert f"[{words} {entity.label}]" in line


def test_pretty_says_every_word_of_nested_entities(capsys: pytest.CaptureFixture[str]) -> None:
    entities = [Entity(0, 3, "ORG"), Entity(0, 1, "LOC"), Entity(4, 5, "LOC")]
    print_pretty([Sentence(["Oslo", "City", "Hall", "near", "Oslo", "."], entities=entities)])
    assert capsys.readouterr().out == "[Oslo LOC] [Oslo City Hall ORG] near [Oslo LOC] .\n"


def test_pretty_leaves_out_blanks_that_a_script_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    entities = [Entity(0, 3, "PER"), Entity(4, 6, "LOC"), Entity(8, 11, "ORG")]
    print_pretty([Sentence([*"王小明在臺北的", "New", "York", "大學", "。"], entities=entities)])
    wanted = "[王小明 PER] 在 [臺北 LOC] 的New [York大學。 ORG]\n"
    assert capsys.readouterr().out == wanted


def test_unknown_relations_are_reported(
    run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    source = tmp_path / "odd.conllu"
    sentence = small_corpus.splits["test"][0]
    odd = ("odd",) * len(sentence)
    write_sentences(source, [sentence.replace(relations=odd)])
    note = f"{len(sentence)} arcs have a relation that the model does not know: odd"
    for command in (
        ("predict", trained_run, "-i", source),
        ("eval", trained_run, "--input", source),
    ):
        result = run(*command)
        assert result.exit_code == 0, result.output
        assert note in result.stderr


def test_candidates_come_beside_the_entities(
    run: Run, trained_run: Path, parsed: Path, tmp_path: Path
) -> None:
    output = tmp_path / "named.jsonl"
    result = run("predict", trained_run, "-i", parsed, "-o", output, "--candidates", 0.05)
    assert result.exit_code == 0, result.output
    ner, sentences = SynNER.from_pretrained(trained_run), list(read_sentences(parsed))
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    found = ner.candidates(sentences, 0.05)
    assert [line["candidates"] for line in lines] == [
        [[e.start, e.end, e.label, e.score] for e in row] for row in found
    ]
    assert sum(map(len, found)) > 10
    printed = run("predict", trained_run, "-i", parsed, "--candidates", 0.05)
    assert printed.stdout == output.read_text(encoding="utf-8")
    predicted = ner.predict(sentences)
    read = list(read_sentences(output))
    assert [s.entities for s in read] == [s.entities for s in predicted]
    assert [list(s.candidates or ()) for s in read] == found


def test_candidates_need_a_file_that_can_hold_them(
    refused: Callable[..., str], trained_run: Path, parsed: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("Jo met Al.\n", encoding="utf-8")
    jsonl = tmp_path / "named.jsonl"
    for arguments in (
        ["-i", parsed, "-o", tmp_path / "named.conllu"],
        ["-i", parsed, "--output-format", "conllu"],
        ["-i", texts, "-o", jsonl],
        ["-i", parsed, "-o", jsonl, "--pretty"],
    ):
        message = refused("predict", trained_run, *arguments, "--candidates", 0.01)
        assert message.startswith("--candidates needs sentences with tokens, and writes JSON lines")
        assert not jsonl.exists()
