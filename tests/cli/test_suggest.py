"""`suggest`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import read_sentences, write_sentences
from tests.cli.conftest import Run

TEXTS = [
    "Angela Merkel met Bob Smith in Oslo. Then the UN left New York.",
    "Angela Merkel met Bob Smith in Oslo. Then the UN left New York!",
    "Rain fell over the old harbour 👍 all night.",
    "",
    "Shares of Acme rose by nine percent on Monday",
]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    return path


def test_texts_for_each_tool(run: Run, text_run: Path, notes: Path, tmp_path: Path) -> None:
    result = run("suggest", text_run, "--input", notes, "-n", 9)
    assert result.exit_code == 0, result.output
    assert "texts chosen: 3 of 4" in result.stderr
    assert "near-doubles passed over: 1" in result.stderr
    assert "texts without a token, left out: 1" in result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    ner = SynNER.from_pretrained(text_run)
    for row in found:
        doc = ner(row["text"])
        assert row["line"] == TEXTS.index(row["text"]) + 1
        for ours, theirs in zip(row["entities"], doc.to_json()["entities"], strict=True):
            assert ours == pytest.approx(theirs, abs=1e-4)
        assert 0 < row["confidence"] < 1
    output = tmp_path / "next.json"
    assert (
        run("suggest", text_run, "-i", notes, "-o", output, "--to", "label-studio").exit_code == 0
    )
    for task, row in zip(json.loads(output.read_text(encoding="utf-8")), found, strict=True):
        assert task["data"]["text"] == row["text"]
        (said,) = task["predictions"]
        assert said["score"] == row["confidence"]
        values = [r["value"] for r in said["result"]]
        assert [(v["start"], v["end"], v["labels"]) for v in values] == [
            (e["start_char"], e["end_char"], [e["label"]]) for e in row["entities"]
        ]
    lines = run("suggest", text_run, "-i", notes, "--to", "doccano", "-n", 1).stdout.splitlines()
    (line,) = map(json.loads, lines)
    assert line["label"] == [
        [e["start_char"], e["end_char"], e["label"]] for e in found[0]["entities"]
    ]
    assert (line["text"], line["confidence"]) == (found[0]["text"], found[0]["confidence"])


def test_sentences_of_a_file(
    run: Run, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    source, output = tmp_path / "parsed.conllu", tmp_path / "next.jsonl"
    write_sentences(source, (s.replace(entities=()) for s in small_corpus.splits["test"]))
    result = run("suggest", trained_run, "-i", source, "-n", 5, "-o", output)
    assert result.exit_code == 0, result.output
    assert "texts chosen: 5 of 16" in result.stderr
    found = list(read_sentences(output))
    wanted = {s.tokens: s for s in SynNER.from_pretrained(trained_run).predict(found)}
    assert [s.entities for s in found] == [wanted[s.tokens].entities for s in found]
    assert all("confidence" in json.loads(line) for line in output.read_text().splitlines())
    tasks = run("suggest", trained_run, "-i", source, "-n", 5, "--to", "label-studio").stdout
    assert [task["data"].get("document") or str(task["id"]) for task in json.loads(tasks)] == [
        s.id for s in found
    ]


def test_a_dictionary_settles_what_is_forced(
    run: Run, text_run: Path, notes: Path, tmp_path: Path
) -> None:
    phrases = tmp_path / "phrases.tsv"
    phrases.write_text("Angela Merkel\tPER\tforce\n", encoding="utf-8")
    plain, ruled = (
        {row["text"]: row for row in map(json.loads, result.stdout.splitlines())}
        for result in (
            run("suggest", text_run, "-i", notes),
            run("suggest", text_run, "-i", notes, "--dictionary", phrases),
        )
    )
    text = next(text for text in plain if text.startswith("Angela"))
    assert {"text": "Angela Merkel", "label": "PER", "score": 1.0}.items() <= ruled[text][
        "entities"
    ][0].items()
    assert ruled[text]["confidence"] != plain[text]["confidence"]
    assert ruled[TEXTS[2]] == plain[TEXTS[2]]


def test_what_is_refused(refused: Callable[..., str], text_run: Path, notes: Path) -> None:
    assert "is the same file as the input" in refused("suggest", text_run, "-i", notes, "-o", notes)
    assert "cannot read none.txt" in refused("suggest", text_run, "-i", "none.txt")
