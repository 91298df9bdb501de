"""Formats of documents: round trips, notes, and what their readers refuse."""

import io
import json
from pathlib import Path

import pytest

from synner_graph.config import TextConfig
from synner_graph.data.conversion import convert
from synner_graph.data.formats import (
    DOCUMENT_FORMATS,
    FormatError,
    ReadReport,
    fitting,
    read_numbered,
    read_sentences,
    write_sentences,
)
from synner_graph.data.formats.whole import Document
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.validation import validate
from synner_graph.errors import InputError

# Odd white space, sentences that touch, an emoji, a name in which the splitter ends a sentence.
TEXT = "  Yahoo! Inc. hired Jo Smith👍.\n\nHe left  New York。北京 是\n"
TEXTS = ["", "Oslo.", " \n"]
MARKS = [("Yahoo! Inc.", "ORG"), ("Jo Smith", "PER"), ("York", "X"), ("New York", "LOC")]


def span(name: str, label: str, text: str = TEXT) -> list[object]:
    start = text.index(name)
    return [start, start + len(name), label]


def doccano(**fields: object) -> str:
    return json.dumps({"text": TEXT, "label": [span(*mark) for mark in MARKS]} | fields) + "\n"


def result(start: int, end: int, *labels: str, **more: object) -> dict:
    value = {"start": start, "end": end, "labels": list(labels)}
    return {"type": "labels", "from_name": "l", "to_name": "t", "value": value | more}


def task(*results: dict, text: str = "Jo Smith spoke.", **fields: object) -> dict:
    return {"data": {"text": text}, "annotations": [{"result": list(results)}]} | fields


def read(content: str, format: str, **options: object) -> list[Sentence]:
    return list(read_sentences(io.StringIO(content), format, **options))


def names(sentences: list[Sentence]) -> list[tuple[str, str]]:
    return [(e.label, " ".join(s.tokens[e.start : e.end])) for s in sentences for e in s.entities]


def test_a_text_becomes_sentences_that_are_the_text() -> None:
    sentences = read(doccano(id=7), "doccano")
    assert "".join(s.text for s in sentences) == TEXT
    assert names(sentences) == [
        ("ORG", "Yahoo ! Inc."),
        ("PER", "Jo Smith"),
        ("LOC", "New York"),
        ("X", "York"),
    ]
    assert [s.document for s in sentences] == ["7"] * 3
    assert [s.id for s in sentences] == ["7-1", "7-2", "7-3"]
    for sentence in sentences:
        cut = [sentence.text[start:end] for start, end in sentence.offsets]
        assert tuple(cut) == sentence.tokens


@pytest.mark.parametrize("format", [name for name in DOCUMENT_FORMATS if name != "spacy"])
def test_texts_go_through_files(format: str, tmp_path: Path) -> None:
    first, second = doccano(id=7), json.dumps({"id": "b c", "text": "Oslo.", "label": []}) + "\n"
    sentences = read(first + second, "doccano")
    path, back = tmp_path / f"x.{format}", tmp_path / "back.doccano"
    assert write_sentences(path, sentences) == len(sentences)
    assert list(read_sentences(path)) == sentences
    write_sentences(back, read_sentences(path))
    (text, label), (other, none) = [
        (row["text"], row["label"]) for row in map(json.loads, back.read_text().splitlines())
    ]
    assert (text, other, none) == (TEXT, "Oslo.", [])
    assert sorted(label) == sorted(span(*mark) for mark in MARKS)


def test_docs_go_through_docbins(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    flat = doccano(label=[span(*mark) for mark in MARKS if mark[1] != "X"])
    parsed = Sentence(
        ["de", "l'", "A"], [2, 2, ROOT], ["case", "det", "root"], [Entity(2, 3, "LOC")],
        upos=["ADP", "DET", "PROPN"], xpos=["P", "D", "N"],
    )  # fmt: skip
    sentences = [*read(flat, "doccano"), parsed, Sentence(["x"])]
    path = tmp_path / "x.spacy"
    write_sentences(path, sentences)
    back = list(read_sentences(path))
    assert [s.document for s in back] == ["1", "1", "1", None, None]
    assert "".join(s.text for s in back[:3]) == TEXT
    for ours, theirs in zip(sentences, back, strict=True):
        for name in ("tokens", "entities", "heads", "relations", "upos", "xpos"):
            assert getattr(ours, name) == getattr(theirs, name), name
    again = tmp_path / "again.spacy"
    write_sentences(again, back)
    assert list(read_sentences(again)) == back
    with pytest.raises(InputError, match="document 1: expected entities that share no token"):
        write_sentences(path, read(doccano(), "doccano"))
    assert list(read_sentences(path)) == back


def test_docs_of_spacy(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    vocab = spacy.blank("xx").vocab
    doc = spacy.tokens.Doc(
        vocab, words=["Ann", "\n", "ran", "."], heads=[2, 0, 2, 2], deps=["a", "", "ROOT", "p"],
    )  # fmt: skip
    doc.ents = [spacy.tokens.Span(doc, 0, 1, "PER")]
    doc.spans["more"] = [spacy.tokens.Span(doc, 0, 3, "X")]
    path, report = tmp_path / "x.spacy", ReadReport()
    spacy.tokens.DocBin(docs=[doc]).to_disk(path)
    [sentence] = read_sentences(path, report=report)
    assert (sentence.heads, sentence.relations) == ((1, ROOT, 1), ("a", "ROOT", "p"))
    assert names([sentence]) == [("PER", "Ann")]
    assert report.stripped == 1
    wide = spacy.tokens.Doc(vocab, words=["Ann", "ran"], sent_starts=[True, True])
    wide.ents = [spacy.tokens.Span(wide, 0, 2, "PER")]
    spacy.tokens.DocBin(docs=[doc, wide]).to_disk(path)
    message = "Doc 2: expected an entity inside one sentence, got PER 'Ann ran'"
    with pytest.raises(InputError, match=f"^{path}: {message}$"):
        list(read_sentences(path))
    assert [str(p) for problems in validate(path) for p in problems] == [f"{path}:2: {message}"]
    with pytest.raises(InputError, match="expected a file of bytes for spacy"):
        list(read_sentences(io.StringIO("x"), "spacy"))


def test_tokens_without_a_text_get_blanks(tmp_path: Path) -> None:
    sentences = [
        Sentence(["Jo", "Smith"], entities=[Entity(0, 2, "PER")], document="d"),
        Sentence(["in", "Oslo"], entities=[Entity(1, 2, "LOC")], document="d"),
        Sentence(["x"]),
    ]
    stream = io.StringIO()
    write_sentences(stream, sentences, "label-studio")
    joined, alone = json.loads(stream.getvalue())
    assert joined["data"] == {"text": "Jo Smith in Oslo", "document": "d"}
    values = [result["value"] for result in joined["annotations"][0]["result"]]
    assert [(v["start"], v["end"], v["text"], v["labels"]) for v in values] == [
        (0, 8, "Jo Smith", ["PER"]),
        (12, 16, "Oslo", ["LOC"]),
    ]
    assert alone["data"] == {"text": "x"}


def test_scores_stand_beside_predictions() -> None:
    stream = io.StringIO()
    named = Sentence(["Jo"], entities=[Entity(0, 1, "PER", 0.25)])
    write_sentences(stream, [named], "label-studio-predicted")
    [back] = read(stream.getvalue(), "label-studio-predicted")
    assert back.entities[0].score == 0.25
    report = ReadReport()
    assert read(stream.getvalue(), "label-studio", report=report)[0].entities == ()
    assert report.unmarked == 1


def test_what_is_not_kept_is_counted(tmp_path: Path) -> None:
    choice = {"type": "choices", "value": {"choices": ["good"]}}
    tasks = [
        task(result(0, 8, "PER", "X"), choice),
        task(annotations=[{"result": [], "was_cancelled": True}]),
        task(data={"text": "Oslo", "source": "web"}),
    ]
    source, target = tmp_path / "in.json", tmp_path / "out.jsonl"
    source.write_text(json.dumps(tasks, indent=1), encoding="utf-8")
    conversion = convert(source, target, "label-studio")
    assert conversion.notes == (
        "texts that nobody annotated, read as texts without entities: 1",
        "records with more than text and entities, which is not kept: 2",
    )
    rows = list(read_sentences(target))
    assert names(rows[:1]) == [("PER", "Jo Smith"), ("X", "Jo Smith")]
    report = ReadReport()
    read(doccano(Comments=[], username="me") + doccano(Comments=[]), "doccano", report=report)
    assert (report.stripped, report.unmarked) == (1, 0)


@pytest.mark.parametrize("format", DOCUMENT_FORMATS)
def test_texts_without_a_token_are_counted(format: str, tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    writer = DOCUMENT_FORMATS[format].writer()
    [sentence] = read(json.dumps({"text": "Oslo.", "label": []}), "doccano")
    held = [Document(text, [Segment(0, sentence)] * (text == "Oslo.")) for text in TEXTS]
    path, report = tmp_path / f"x.{format}", ReadReport()
    path.write_bytes(b"".join(map(writer.add, held)) + writer.finish())
    assert [s.text for s in read_sentences(path, report=report)] == ["Oslo."]
    assert report.empty == 2
    assert "texts without a token, which have no sentence" in report.notes
    assert list(validate(path)) == [[]]
    none = DOCUMENT_FORMATS[format].writer()
    path.write_bytes(none.add(Document("", [])) + none.finish())
    with pytest.raises(FormatError, match="expected at least one sentence, got none"):
        list(read_sentences(path))
    assert [str(p) for problems in validate(path) for p in problems] == [
        f"{path}:1: expected at least one sentence, got none"
    ]


def test_other_spellings() -> None:
    marks = [{"id": 1, "start_offset": 0, "end_offset": 8, "label": "PER"}]
    rows = [
        {"text": "Jo Smith", "entities": marks, "relations": []},
        {"text": "Jo Smith", "labels": [[0, 8, "PER"]]},
    ]
    for row in rows:
        assert names(read(json.dumps(row), "doccano")) == [("PER", "Jo Smith")]
    # Label Studio has counted in units of UTF-16.
    moved = task(result(3, 11, "PER", text="Jo Smith"), text="👍 Jo Smith")
    right = task(result(2, 10, "PER", text="Jo Smith"), text="👍 Jo Smith")
    for said in (moved, right):
        assert names(read(json.dumps([said]), "label-studio")) == [("PER", "Jo Smith")]


def test_the_tokenizer_is_chosen() -> None:
    row = json.dumps({"text": "在北京市", "label": [[1, 3, "LOC"]]})
    with pytest.raises(FormatError, match=r"got '在北京市' there \(--text.tokenizer characters"):
        read(row, "doccano")
    [sentence] = read(row, "doccano", text=TextConfig(tokenizer="characters"))
    assert names([sentence]) == [("LOC", "北 京")]


RECORD = "record 2: characters"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "expected a JSON object: invalid json"),
        ("[]", "expected a JSON object: "),
        ({"label": []}, "expected text: field required"),
        ({"text": " ", "label": [[0, 1, "X"]]}, "expected the entity X ' ' to begin .* got white"),
        ({"text": "Jo", "label": [[0, "2", "PER"]]}, r"expected label\[0\]\[1\]: "),
        ({"text": "Jo", "label": [[0, 2]]}, r"expected label\[0\]\[2\]: field required"),
        ({"text": "Jo", "label": [[0, 2, ""]]}, f"{RECORD} 0 to 2: expected a label, got none"),
        ({"text": "Jo", "label": [[0, 3, "X"]]}, f"{RECORD} 0 to 3: expected an entity inside the"),
        ({"text": "Jo", "label": [[-1, 2, "X"]]}, f"{RECORD} -1 to 2: expected an entity inside"),
        ({"text": "Jo", "label": [[1, 1, "X"]]}, f"{RECORD} 1 to 1: expected an entity inside"),
        (
            {"text": "Jo Smith spoke", "label": [[0, 5, "PER"]]},
            f"{RECORD} 0 to 5: expected the entity PER 'Jo Sm' to begin and end with tokens, got "
            "'Jo' 'Smith' there",
        ),
        ({"text": "Jo  S", "label": [[2, 4, "X"]]}, "got white space there"),
        ({"text": "Jo", "label": [[0, 2, "X"], [0, 2, "X"]]}, "X 'Jo' .* is given twice"),
        ({"text": "Jo", "label": [], "labels": []}, "record 2: expected one of label, labels, got"),
    ],
)
def test_bad_lines_of_doccano(line: object, message: str) -> None:
    text = doccano() + (line if isinstance(line, str) else json.dumps(line))
    with pytest.raises(FormatError, match=f"^<stream>:2: .*{message}"):
        read(text, "doccano")
    # Every problem is listed, and what follows is still read.
    problems = list(validate(io.StringIO(f"{text}\n{doccano()}"), "doccano"))
    assert [len(p) > 0 for p in problems] == [False] * 3 + [True] + [False] * 3


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"data": {}}, "expected data.text: field required"),
        ({"text": "Jo", "label": []}, "expected data: field required"),
        (task(result(0, 1, "X"), id=9, text=" "), "task 9: characters 0 to 1: .* got white space"),
        (task(result(0, 2, "A"), annotations=3), "expected annotations: .*, got 3"),
        (
            task(annotations=[{"result": []}, {"result": []}]),
            "task 2: expected one of annotations, got 2",
        ),
        (task({"type": "labels", "value": {"end": 2}}), "task 2: expected start: field required"),
        (task(result(0, 4, "PER")), "task 2: characters 0 to 4: expected the entity PER 'Jo S' to"),
        (
            task(result(0, 2, "PER", text="Ann")),
            "task 2: characters 0 to 2: expected 'Ann', got 'Jo' there",
        ),
        (
            task(result(0, 99, "PER")),
            "characters 0 to 99: expected an entity inside the text of",
        ),
    ],
)
def test_bad_tasks(bad: dict, message: str) -> None:
    text = f"[{json.dumps(task(id=1))},\n{json.dumps(bad)}\n]"
    with pytest.raises(FormatError, match=f"^<stream>:2: .*{message}"):
        read(text, "label-studio")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: expected a JSON list of tasks, got the end of the file"),
        ("{}", "1: expected a JSON list of tasks, got '{'"),
        ("[]", "1: expected at least one sentence, got none"),
        ("[\n1 2]", "2: expected a JSON object: "),
        ('[{"data": {"text": "a"}}\n{}]', "2: expected ',' or ']' after a task, got '{'"),
        ("[\n{]", r"2: expected JSON \(expecting property name.*\), got "),
        ("[" * 100_000, "1: expected JSON that can be read"),
    ],
)
def test_files_that_are_no_list_of_tasks(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=f"^<stream>:{message}"):
        read(text, "label-studio")


def test_lines_are_counted_and_formats_found(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task(result(0, 8, "PER")), task()], indent=2), encoding="utf-8")
    lines = path.read_text().splitlines()
    starts = [n for n, line in enumerate(lines, 1) if line == "  {"]
    assert [line for line, _ in read_numbered(path, "label-studio")] == starts
    assert fitting(path) == ["label-studio", "label-studio-predicted"]
