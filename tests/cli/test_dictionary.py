"""`--dictionary`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from synner_graph import SynNER
from synner_graph.data.dictionary import read_dictionary
from synner_graph.data.formats import read_sentences
from synner_graph.evaluation.combination import Combiner
from synner_graph.evaluation.combination.saved import save_combination
from synner_graph.serving import server
from tests.cli.conftest import Run

TEXT = "Angela Merkel met Bob Smith in Oslo."


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.tsv"
    path.write_text(
        "met\tORG\nBob Smith\tPER\nSmith in\tLOC\nOslo\t*\tveto\n"
        '{"label": "PER", "pattern": [{"LOWER": "angela"}, {"LOWER": "merkel"}]}\n',
        encoding="utf-8",
    )
    return path


FORCED = {("Angela Merkel", "PER", 1.0), ("met", "ORG", 1.0), ("Bob Smith", "PER", 1.0)}


def named(answer: dict[str, Any]) -> set[tuple[str, str, float]]:
    return {(e["text"], e["label"], e["score"]) for e in answer["entities"]}


def test_texts_under_a_dictionary(run: Run, text_run: Path, words: Path, tmp_path: Path) -> None:
    more = tmp_path / "PER.txt"
    more.write_text("in\n", encoding="utf-8")
    result = run("predict", text_run, TEXT, "--dictionary", words, "--dictionary", more)
    assert result.exit_code == 0, result.output
    found = named(json.loads(result.stdout))
    assert found >= {*FORCED, ("in", "PER", 1.0)}
    assert "Oslo" not in {text for text, _, _ in found}
    assert f"'Smith in' as LOC ({words}:3) to 'Bob Smith' as PER ({words}:2)" in result.stderr
    ner = SynNER.from_pretrained(text_run)
    ner.dictionary = read_dictionary(words, more)
    assert json.loads(result.stdout) == ner(TEXT).to_json()


def test_sentences_under_a_dictionary(
    run: Run, trained_run: Path, gold_file: Path, tmp_path: Path
) -> None:
    sentences = list(read_sentences(gold_file))
    phrases = {" ".join(s.tokens[:2]) for s in sentences if len(s) > 2}
    words, output = tmp_path / "ORG.txt", tmp_path / "named.jsonl"
    words.write_text("\n".join(sorted(phrases)), encoding="utf-8")
    command = ("predict", trained_run, "-i", gold_file, "-o", output, "--dictionary", words)
    assert run(*command, "--candidates", 0.2).exit_code == 0
    for sentence in read_sentences(output):
        if len(sentence) > 2:
            for spans in (sentence.entities, sentence.candidates or ()):
                assert [(e.end, e.label, e.score) for e in spans if e.start == 0] == [
                    (2, "ORG", 1.0)
                ]


def test_scores_say_that_a_dictionary_was_used(
    run: Run, trained_run: Path, gold_file: Path, words: Path
) -> None:
    command = ("eval", trained_run, "--input", gold_file, "--json")
    plain, under = (
        json.loads(run(*command, *more).stdout) for more in ((), ("--dictionary", words))
    )
    assert "|dictionary:words.tsv|" in under["signature"]
    assert "dictionary" not in plain["signature"]
    gold = next(s for s in read_sentences(gold_file) if s.entities)
    entity = gold.entities[0]
    phrase = " ".join(gold.tokens[entity.start : entity.end])
    words.write_text(f"{phrase}\t{entity.label}\n", encoding="utf-8")
    vetoed = words.with_name("veto.tsv")
    vetoed.write_text(f"{phrase}\t{entity.label}\tveto\n", encoding="utf-8")
    right, wrong = (
        json.loads(run(*command, "--dictionary", path).stdout)["overall"]["correct"]
        for path in (words, vetoed)
    )
    assert right > wrong


def test_a_served_run_follows_it(
    run: Run, text_run: Path, words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, Any]] = []

    def ask(app: Any, made: Any, limits: Any) -> None:
        with TestClient(app) as client:
            answers.append(client.post("/predict", json={"text": TEXT}).json())

    monkeypatch.setattr(server, "run_server", ask)
    result = run("serve", text_run, "--port", 0, "--dictionary", words)
    assert result.exit_code == 0, result.output
    assert named(answers[0]) >= FORCED
    assert "1 gave way, such as 'Smith in'" in result.stderr


def test_what_cannot_be_followed_is_refused(
    refused: Callable[..., str],
    text_run: Path,
    trained_run: Path,
    gold_file: Path,
    words: Path,
    tmp_path: Path,
) -> None:
    bad = tmp_path / "bad.tsv"
    bad.write_text("Oslo\tLOC\nOslo\tLOC\tveto\n", encoding="utf-8")
    for command in (("predict", text_run, TEXT), ("serve", text_run, "--port", 0)):
        said = refused(*command, "--dictionary", bad)
        assert said == (
            f"{bad}:2: veto of 'Oslo' as LOC contradicts force of 'Oslo' as LOC ({bad}:1)"
        )
    said = refused(
        "eval", text_run, "--input", gold_file, "--dictionary", words, "--dictionary", bad
    )
    assert said.startswith(f"{bad}:1: force of 'Oslo' as LOC contradicts veto of 'Oslo' as *")
    bad.write_text("Oslo\tLOCATION\n", encoding="utf-8")
    said = refused("predict", text_run, TEXT, "--dictionary", bad)
    assert said.startswith(f"{bad}:1: unknown label 'LOCATION'.")
    assert "none.tsv" in refused("predict", text_run, TEXT, "--dictionary", tmp_path / "none.tsv")
    system = ("eval", "--system", gold_file, "--gold", gold_file, "--dictionary", words)
    assert refused(*system) == "--dictionary is for a run, not for --system."
    before = words.read_bytes()
    refused("predict", text_run, TEXT, "-o", words, "--dictionary", words, "--output-format", "csv")
    assert words.read_bytes() == before
    folder = tmp_path / "both"
    save_combination(folder, Combiner.learn("majority", 2), [trained_run, text_run])
    said = refused("predict", folder, TEXT, "--dictionary", words)
    assert said.startswith("A combination takes no dictionary")
