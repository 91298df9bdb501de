"""Named texts into files: what is written, and half-written files continued."""

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synner_graph.config import TextConfig
from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.text import targets
from synner_graph.text.pipeline import TextPipeline
from synner_graph.text.sources import Record
from synner_graph.text.targets import continue_named, opened, write_named
from synner_graph.text.writers import writer_of
from tests.data.segmentation.strategies import hostile_texts

SHARED = [HealthCheck.function_scoped_fixture]  # small_chunks, which holds no state
FORMATS = ("jsonl", "csv", "conllu")
TEXTS = ['Ann "Q" met Bob.\nThen, "she" left.', "", "Zoë, in\r\nOslo", " ", "x" * 90, "a b c. d e."]


class Namer:
    """Names every second token, by its letters alone."""

    def __init__(self, label: str = "X") -> None:
        self.label = label
        self.seen = Counter[str]()

    def units(self, sentences):
        return ([sentence] for sentence in sentences)

    def name(self, units, batches, unknown=None):
        for [sentence] in units:
            self.seen[sentence.text] += 1
            spans = range(0, len(sentence) - 1, 2)
            found = [Entity(i, i + 2, self.label, len(sentence.tokens[i]) / 7) for i in spans]
            yield sentence.replace(entities=found)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = targets.chunks
    monkeypatch.setattr(targets, "chunks", lambda items, text_of, **how: plain(items, text_of, 60))


def pipeline(label: str = "X") -> TextPipeline:
    return TextPipeline(build_segmenter(TextConfig()), Namer(label), None)


def records(texts: list[str]) -> list[Record]:
    return [
        Record(text, {"n": str(n), "text": json.dumps(text)}, n) for n, text in enumerate(texts, 1)
    ]


def whole(texts: list[str], format: str) -> bytes:
    stream = io.BytesIO()
    write_named(pipeline(), records(texts), writer_of(format, None), stream)
    return stream.getvalue()


# ------------------------------------------------------------ what is written


def test_json_lines() -> None:
    rows = [json.loads(line) for line in whole(TEXTS, "jsonl").decode().splitlines()]
    assert [(row["n"], row["text"]) for row in rows] == [*enumerate(TEXTS, 1)]
    assert [len(row["entities"]) for row in rows] == [6, 0, 2, 0, 0, 3]
    for row in rows:
        for entity in row["entities"]:
            assert row["text"][entity["start_char"] : entity["end_char"]] == entity["text"]


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(whole(TEXTS, "csv").decode(), newline="")))
    assert Counter(row["record"] for row in rows) == {"1": 6, "3": 2, "6": 3}
    for row in rows:
        text = TEXTS[int(row["record"]) - 1]
        assert text[int(row["start_char"]) : int(row["end_char"])] == row["text"]


@pytest.mark.parametrize("format", ["conllu", "iob2"])
def test_texts_are_documents(format: str, tmp_path: Path) -> None:
    """Texts without sentences leave nothing; documents survive being read and written again."""
    path, again = tmp_path / f"out.{format}", tmp_path / f"again.{format}"
    path.write_bytes(whole(TEXTS, format))
    sentences = list(read_sentences(path))
    assert [s.document for s in sentences] == ["1", "1", "3", "5", "6", "6"]
    assert path.read_bytes().count(b"# newdoc id = ") == 4
    write_sentences(again, sentences)
    assert again.read_bytes() == path.read_bytes()


def test_documents_are_marked_as_the_format_does(tmp_path: Path) -> None:
    found = {}
    for format in ("conll2003", "semeval2010"):
        path = tmp_path / f"out.{format}"
        path.write_bytes(whole(TEXTS, format))
        found[format] = [s.document for s in read_sentences(path, format)]
    assert found == {
        "conll2003": ["1", "1", "2", "3", "4", "4"],  # whose marks have no names
        "semeval2010": ["1", "1", "3", "5", "6", "6"],
    }


@pytest.mark.parametrize("format", ["conllu", "iob2"])
def test_sentences(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{format}"
    path.write_bytes(whole(TEXTS, format))
    found = list(read_sentences(path))
    wanted = [s.sentence for part in pipeline().chunk(TEXTS) for s in part]
    assert [(s.tokens, s.entities) for s in found] == [(s.tokens, s.entities) for s in wanted]
    if format == "conllu":
        assert [s.id for s in found] == ["1-1", "1-2", "3-1", "5-1", "6-1", "6-2"]
        assert found[0].extra is not None and found[0].extra.comments[0] == "# newdoc id = 1"
        assert found[1].extra is not None and found[1].extra.comments == ("# start_char = 17",)


@given(st.lists(hostile_texts, max_size=4))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_lines_give_back_any_text(texts: list[str]) -> None:
    texts = json.loads(json.dumps(texts))  # which joins surrogates that are a pair
    lines = whole(texts, "jsonl").decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line)["text"] for line in lines] == texts


def test_lone_surrogates_are_counted_where_they_cannot_be_written() -> None:
    for format, count in (("jsonl", 0), ("csv", 2), ("conllu", 2)):
        writer = writer_of(format, None)
        stream = io.BytesIO()
        write_named(pipeline(), records(["\ud800 a", "b", "c \udc00"]), writer, stream)
        assert writer.replaced == count
        assert ("\ufffd" in stream.getvalue().decode()) is (count > 0)


def test_a_scheme_needs_tags() -> None:
    with pytest.raises(InputError, match="expected no tagging scheme for csv"):
        writer_of("csv", "bio")


# ------------------------------------------------------------ continuing


@pytest.mark.parametrize("format", FORMATS)
def test_continued_anywhere_it_is_the_same_file(format: str, tmp_path: Path) -> None:
    wanted = whole(TEXTS, format)
    path = tmp_path / "out"
    ends = [match.end() for match in re.finditer(rb"\n", wanted)]
    near = {end + shift for end in [0, *ends] for shift in (-1, 0, 1)}
    for length in sorted(near | {*range(0, len(wanted), 11)}):
        if not 0 <= length <= len(wanted):
            continue
        path.write_bytes(wanted[:length])
        continue_named(pipeline(), records(TEXTS), writer_of(format, None), path)
        assert path.read_bytes() == wanted, length


@pytest.mark.parametrize("format", FORMATS)
@given(st.lists(hostile_texts, max_size=8), st.floats(0, 1))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_are_continued_anywhere(
    tmp_path_factory: pytest.TempPathFactory, format: str, texts: list[str], share: float
) -> None:
    wanted = whole(texts, format)
    path = tmp_path_factory.mktemp("resume") / "out"
    path.write_bytes(wanted[: round(share * len(wanted))])
    continue_named(pipeline(), records(texts), writer_of(format, None), path)
    assert path.read_bytes() == wanted


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_there_is_not_named_again(format: str, tmp_path: Path) -> None:
    texts = [f"Number {n} is a text of its own." for n in range(50)]
    wanted = whole(texts, format)
    path = tmp_path / "out"
    path.write_bytes(wanted[: len(wanted) // 2])
    again = pipeline()
    continue_named(again, records(texts), writer_of(format, None), path)
    assert path.read_bytes() == wanted
    assert isinstance(again.namer, Namer)
    assert set(again.namer.seen.values()) == {1}
    assert 24 <= len(again.namer.seen) <= 30


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("label", ["Y", "X"])
def test_a_file_of_something_else_is_refused(format: str, label: str, tmp_path: Path) -> None:
    there = whole(TEXTS, format)[:-3]
    if label == "X":
        there = b"entirely, something else\n" + there
    path = tmp_path / "out"
    path.write_bytes(there)
    with pytest.raises(InputError, match=re.escape(f"{path} cannot be continued: it was written")):
        continue_named(pipeline(label), records(TEXTS), writer_of(format, None), path)
    assert path.read_bytes() == there


def test_a_file_of_more_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(whole(TEXTS, "jsonl"))
    with pytest.raises(InputError, match="cannot be continued"):
        continue_named(pipeline(), records(TEXTS[:2]), writer_of("jsonl", None), path)


def test_other_formats_cannot_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match=r"expected \.jsonl, \.csv or \.conllu"):
        continue_named(pipeline(), records(TEXTS), writer_of("iob2", None), path)


def test_no_place_to_write(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"cannot write .*: No such file"),
        opened(str(tmp_path / "no" / "out.jsonl")),
    ):
        pass
