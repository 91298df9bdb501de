"""`predict` on texts, as it is typed."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.formats import read_sentences
from tests.cli.conftest import Run
from tests.places import ROOT

TEXT = "Angela Merkel met Bob Smith in Oslo. Then the UN left New York."


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_bytes(f"{TEXT}\r\n\nZoë didn't.\n[SEP] 👍🏽 שלום".encode())
    return path


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_texts_on_the_command_line(run: Run, text_run: Path) -> None:
    result = run("predict", text_run, TEXT, "Oslo")
    assert result.exit_code == 0, result.output
    ner = SynNER.from_pretrained(text_run)
    assert rows(result.stdout) == [doc.to_json() for doc in ner.pipe([TEXT, "Oslo"])]
    assert sum(len(row["entities"]) for row in rows(result.stdout)) > 0


def test_lines_of_a_file(run: Run, text_run: Path, notes: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    assert run("predict", text_run, "-i", notes, "-o", output).exit_code == 0
    found = rows(output.read_text(encoding="utf-8"))
    assert [row["text"] for row in found] == [TEXT, "", "Zoë didn't.", "[SEP] 👍🏽 שלום"]
    assert [row["line"] for row in found] == [1, 2, 3, 4]
    source = notes.read_bytes().decode()
    for row in found:
        for entity in row["entities"]:
            start = row["start_char"] + entity["start_char"]
            assert source[start : row["start_char"] + entity["end_char"]] == entity["text"]
    piped = run("predict", text_run, stdin=notes.read_bytes())
    assert rows(piped.stdout) == found


def test_a_field_of_json_lines(run: Run, text_run: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    fields = [{"id": 1, "text": TEXT, "entities": "old"}, {"text": "\udc00 x", "more": [1.5, None]}]
    source.write_text("\n".join(map(json.dumps, fields)), encoding="utf-8")
    assert run("predict", text_run, "-i", source, "-o", output).exit_code == 0
    found = rows(output.read_text(encoding="utf-8"))
    assert [list(row) for row in found] == [
        ["id", "text", "entities"],
        ["text", "more", "entities"],
    ]
    assert all(row["entities"] != "old" for row in found)
    exact = '{"id": 1e400, "text": "Oslo", "entities": [], "x": {"y":1.10}}'
    (line,) = run("predict", text_run, "--text-field", "text", stdin=exact).stdout.splitlines()
    assert line.startswith('{"id": 1e400, "text": "Oslo", "entities": [')
    assert line.endswith('], "x": {"y":1.10}}')
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"body": TEXT, "text": 3, "tokens": 4}), encoding="utf-8")
    result = run("predict", text_run, "-i", other, "--text-field", "body")
    assert rows(result.stdout)[0]["entities"] == found[0]["entities"]


def test_tables_and_sentences(run: Run, text_run: Path, notes: Path, tmp_path: Path) -> None:
    outputs = {suffix: tmp_path / f"out.{suffix}" for suffix in ("jsonl", "csv", "conllu")}
    for output in outputs.values():
        assert run("predict", text_run, "-i", notes, "-o", output).exit_code == 0
    wanted = [
        (str(row["line"]), entity["text"], entity["label"])
        for row in rows(outputs["jsonl"].read_text(encoding="utf-8"))
        for entity in row["entities"]
    ]
    table = csv.DictReader(io.StringIO(outputs["csv"].read_text(encoding="utf-8")))
    assert [(row["record"], row["text"], row["label"]) for row in table] == wanted
    sentences = list(read_sentences(outputs["conllu"]))
    assert [s.document for s in sentences] == [(s.id or "").partition("-")[0] for s in sentences]
    assert len({s.document for s in sentences}) > 1
    assert [e.label for s in sentences for e in s.entities] == [label for _, _, label in wanted]


@pytest.mark.parametrize("format", ["label-studio", "doccano"])
def test_files_of_annotation_tools(format: str, run: Run, text_run: Path, tmp_path: Path) -> None:
    texts = {7: f"{TEXT} ", 8: "", 9: "Oslo 👍"}
    source, output = tmp_path / "in.json", tmp_path / "out.json"
    if format == "doccano":
        old = [{"id": n, "text": text, "label": [[0, 1, "OLD"]]} for n, text in texts.items()]
        source.write_text("\n".join(map(json.dumps, old)), encoding="utf-8")
    else:
        tasks = [{"id": n, "data": {"text": text, "from": "web"}} for n, text in texts.items()]
        source.write_text(json.dumps(tasks), encoding="utf-8")
    command = ("predict", text_run, "-i", source, "--format", format)
    result = run(*command, "-o", output, "--output-format", format)
    assert result.exit_code == 0, result.output
    content = output.read_text(encoding="utf-8")
    assert run(*command).stdout == content  # the format of the input
    wanted = [
        [[e.start_char, e.end_char, e.label] for e in doc.entities]
        for doc in SynNER.from_pretrained(text_run).pipe(texts.values())
    ]
    if format == "doccano":
        assert rows(content) == [
            {"id": n, "text": text, "label": label}
            for (n, text), label in zip(texts.items(), wanted, strict=True)
        ]
        return
    for task, (number, text), spans in zip(json.loads(content), texts.items(), wanted, strict=True):
        assert (task["id"], task["data"]) == (number, {"from": "web", "text": text})
        results = task["predictions"][0]["result"]
        found = [r["value"] for r in results]
        assert [[v["start"], v["end"], *v["labels"]] for v in found] == spans
        assert all(0 < r["score"] <= 1 for r in results)


def test_texts_become_docs(run: Run, text_run: Path, notes: Path, tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    output = tmp_path / "out.spacy"
    assert run("predict", text_run, "-i", notes, "-o", output).exit_code == 0
    docs = spacy.tokens.DocBin().from_disk(output).get_docs(spacy.blank("xx").vocab)
    found = [(doc.text, [(e.start_char, e.end_char, e.label_) for e in doc.ents]) for doc in docs]
    ner = SynNER.from_pretrained(text_run)
    texts = notes.read_text(encoding="utf-8").splitlines()
    assert found == [
        (text, [(e.start_char, e.end_char, e.label) for e in doc.entities])
        for text, doc in zip(texts, ner.pipe(texts), strict=True)
    ]
    # The Docs are sentences again; the one of the empty line is counted.
    again = run("predict", text_run, "-i", output, "--output-format", "conll2003")
    assert again.exit_code == 0, again.output
    assert "texts without a token, which have no sentence: 1" in again.stderr
    lines = [line for line in again.stdout.splitlines() if line]
    tokens = [line.split()[0] for line in lines if not line.startswith("-DOCSTART-")]
    assert tokens == [t for text in texts for s in ner(text).sentences for t in s.tokens]


def test_a_column_of_a_parquet_file(
    run: Run, refused: Callable[..., str], text_run: Path, tmp_path: Path
) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    source, lines = tmp_path / "in.parquet", tmp_path / "in.jsonl"
    table = [{"id": "a", "body": TEXT}, {"id": "b", "body": "Oslo"}]
    parquet.write_table(pyarrow.Table.from_pylist(table), source)
    lines.write_text("\n".join(map(json.dumps, table)), encoding="utf-8")
    found = run("predict", text_run, "-i", source, "--text-column", "body")
    assert found.exit_code == 0, found.output
    assert found.stdout == run("predict", text_run, "-i", lines, "--text-field", "body").stdout
    assert "expected a column 'text'" in refused("predict", text_run, "-i", source)
    assert "leave --text-field out" in refused(
        "predict", text_run, "-i", source, "--text-column", "body", "--text-field", "body"
    )


def test_pretty_and_limit(run: Run, text_run: Path, notes: Path) -> None:
    result = run("predict", text_run, "-i", notes, "--pretty", "--limit", 3)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 3  # two sentences, nothing, one


def test_the_least_score(run: Run, refused: Callable[..., str], text_run: Path) -> None:
    predict = ("predict", text_run, TEXT)
    everything = rows(run(*predict).stdout)[0]["entities"]
    limit = sorted(entity["score"] for entity in everything)[1]
    found = rows(run(*predict, "--min-score", limit).stdout)[0]["entities"]
    assert 0 < len(found) < len(everything)
    label = everything[0]["label"]
    result = run(*predict, "--min-score", f"{label}=1")
    assert label not in {entity["label"] for entity in rows(result.stdout)[0]["entities"]}
    assert "Unknown label 'PRE'" in refused(*predict, "--min-score", "PRE=0.5")


def test_resume(run: Run, text_run: Path, notes: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    command = ("predict", text_run, "-i", notes, "-o", output, "--resume")
    assert run(*command).exit_code == 0  # nothing there yet
    wanted = output.read_bytes()
    for length in (0, len(wanted) // 2, len(wanted)):
        output.write_bytes(wanted[:length])
        assert run(*command).exit_code == 0
        assert output.read_bytes() == wanted


def test_a_model_with_syntax_needs_a_parser(refused: Callable[..., str], trained_run: Path) -> None:
    message = refused("predict", trained_run, TEXT)
    assert "has no parser of its own: name one with --parser" in message


def test_what_contradicts_is_refused(
    refused: Callable[..., str], text_run: Path, notes: Path, tmp_path: Path
) -> None:
    predict = ("predict", text_run)
    assert "either a text or --input" in refused(*predict, TEXT, "-i", notes)
    assert "--resume goes on with a file" in refused(*predict, TEXT, "--resume")
    assert "names a field of JSON lines" in refused(
        *predict, "-i", notes, "--text-field", "x", "--format", "text"
    )
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": 1}', encoding="utf-8")
    assert f"{bad}:1: expected a JSON object with a string as 'text'" in refused(
        *predict, "-i", bad
    )
    assert "cannot read" in refused(*predict, "-i", tmp_path / "none.txt")


def test_long_sentences_are_refused_on_request(
    run: Run, refused: Callable[..., str], text_run: Path
) -> None:
    long = "word " * 60
    assert run("predict", text_run, long).exit_code == 0
    assert "expected sentences of up to 36 pieces, got one of" in refused(
        "predict", text_run, long, "--long", "error"
    )


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("--pretty",)])
def test_what_is_typed_comes_out_and_a_closed_output_ends_it(
    how: tuple[str, ...], text_run: Path
) -> None:
    """Both waited for 100,000 characters; the input stays open here."""
    command = [sys.executable, str(ROOT / "cli.py"), "-q", "predict", str(text_run), *how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        for word in (b"Oslo", b"York"):
            process.stdin.write(word + b"\n")
            process.stdin.flush()
            assert word in process.stdout.readline()
        process.stdout.close()
        assert process.wait() == 141
        process.stdin.close()


def test_control_characters_do_not_reach_the_terminal(run: Run, text_run: Path) -> None:
    result = run("predict", text_run, "--pretty", "Oslo \x1b[2J\x9b1m\x07 York")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout and "\x9b" not in result.stdout
    assert "\x07" not in result.stdout and "␛" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "conllu"])
def test_killed_and_resumed_it_is_the_same_file(
    suffix: str, text_run: Path, tmp_path: Path
) -> None:
    draw = random.Random(0)
    words = [*TEXT.split(), "\n", ".", "👍🏽", "[SEP]", '"quoted,"', ""]
    source, output = tmp_path / "in.txt", tmp_path / f"out.{suffix}"
    part = tmp_path / f"out.{suffix}.part"
    with open(source, "w", encoding="utf-8") as file:
        for _ in range(3_000):
            file.write(" ".join(draw.choices(words, k=draw.randint(0, 40))) + "\n")
    program = ROOT / "cli.py"
    command = [sys.executable, str(program), "predict", str(text_run), "-i", str(source)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    wanted = tmp_path / f"wanted.{suffix}"
    subprocess.run([*command, "-o", str(wanted)], check=True, env=environment)
    kills = 0
    while True:
        process = subprocess.Popen([*command, "-o", str(output), "--resume"], env=environment)
        size = part.stat().st_size if part.exists() else 0
        aim = size + draw.randrange(wanted.stat().st_size // 3)
        while process.poll() is None and kills < 6:
            if part.exists() and part.stat().st_size > aim:
                time.sleep(draw.random() / 50)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        if process.wait() == 0:
            break
        assert process.returncode == -signal.SIGKILL
        assert not output.exists()
        kills += 1
    assert kills > 0
    assert output.read_bytes() == wanted.read_bytes()
