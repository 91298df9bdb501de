"""Texts in, named sentences out."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph import SynNER
from synner_graph.config import TextConfig
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.parsers import Parser
from synner_graph.text.pipeline import TextPipeline, chunks

TEXTS = ["Ann met the UN.  She left.", "", "In Oslo.", " \n", "a b c. " * 30, "x"]


class Namer:
    """Names the first token of every sentence and records what came in."""

    def __init__(self) -> None:
        self.batches: list[list[Sentence]] = []

    def units(self, sentences):
        return ([sentence] for sentence in sentences)

    def name(self, units, batches, unknown=None):
        self.batches += [[s for row in rows for s in units[row]] for rows in batches]
        for [sentence] in units:
            yield sentence.replace(entities=[Entity(0, 1, "X", 0.5)])


class RightBranching(Parser):
    """Every token hangs from the one before it."""

    name, version, relations = "right", "1", ("dep",)

    def trees(self, sentences: Sequence[Sentence]):
        return [([ROOT, *range(len(s) - 1)], ["dep"] * len(s)) for s in sentences]


def pipeline(namer: Namer, parser: Parser | None = None, budget: int = 20) -> TextPipeline:
    return TextPipeline(build_segmenter(TextConfig()), namer, parser, budget)


def test_every_text_gets_its_sentences_in_order() -> None:
    segmenter = build_segmenter(TextConfig())
    named = [list(segments) for segments in pipeline(Namer()).chunk(TEXTS)]
    assert len(named) == len(TEXTS)
    for number, (text, segments) in enumerate(zip(TEXTS, named, strict=True), 1):
        plain = [(s.start, s.sentence.replace(entities=())) for s in segments]
        assert plain == list(segmenter(text, document=str(number)))
        assert all(s.sentence.entities == (Entity(0, 1, "X"),) for s in segments)


def test_sentences_that_nobody_reads_are_passed_over() -> None:
    firsts = [next(segments, None) for segments in pipeline(Namer()).chunk(TEXTS)]
    assert [f and f.sentence.tokens[0] for f in firsts] == ["Ann", None, "In", None, "a", "x"]


def test_trees_come_from_the_parser() -> None:
    namer = Namer()
    list(map(list, pipeline(namer, RightBranching()).chunk(TEXTS)))
    heads = [sentence.heads for batch in namer.batches for sentence in batch]
    assert heads and all(h == (ROOT, *range(len(h) - 1)) for h in heads if h)
    assert None not in heads


def test_a_long_text_is_read_bit_by_bit() -> None:
    namer = Namer()
    next(next(pipeline(namer).chunk(["one two three. " * 2_000])))
    assert sum(map(len, namer.batches)) < 100


@given(st.lists(st.text(max_size=9), max_size=30), st.integers(1, 20))
def test_chunks_are_the_same_wherever_one_begins_to_read(texts: list[str], size: int) -> None:
    found = list(chunks(texts, str, size))
    assert [text for chunk in found for text in chunk] == texts
    for i in range(len(found)):
        rest = [text for chunk in found[i:] for text in chunk]
        assert list(chunks(rest, str, size)) == found[i:]


# ------------------------------------------------------------ through SynNER


def test_a_chunk_is_named_the_same_whatever_was_before_it(text_run: Path) -> None:
    words = [w for text in TEXTS for w in text.split()]
    draw = random.Random(0)
    texts = [" ".join(draw.choices(words, k=draw.randint(0, 12))) for _ in range(20)]
    ner = SynNER.from_pretrained(text_run, backend="torch")
    together = [doc.to_json() for doc in ner.pipe(texts, characters=100)]
    assert [doc["text"] for doc in together] == texts
    firsts = [0]
    for chunk in chunks(texts, str, 100):
        firsts.append(firsts[-1] + len(chunk))
    for first in firsts[1:-1]:
        assert [doc.to_json() for doc in ner.pipe(texts[first:], characters=100)] == together[
            first:
        ]


def test_a_model_with_syntax_asks_for_trees(
    trained_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ner = SynNER.from_pretrained(trained_run, backend="torch")
    monkeypatch.setattr(
        "synner_graph.recogniser.synner.load_parser", lambda name, ner: RightBranching()
    )
    doc = ner("Ann met Bob in Oslo. Then she left.", parser="right")
    assert [s.heads for s in doc.sentences] == [(-1, 0, 1, 2, 3, 4), (-1, 0, 1, 2)]
    assert doc.graph.num_nodes == 10
    parsed = [s.replace(entities=()) for s in doc.sentences]
    assert ner.predict(parsed) == list(doc.sentences)


def test_a_run_with_its_own_parser_needs_no_other(parsing_run: Path) -> None:
    ner = SynNER.from_pretrained(parsing_run, backend="torch")
    texts = ["Ann met Bob in Oslo. Then she left.", "", "Zoë \ud800 [SEP] x"]
    for number, (text, doc) in enumerate(zip(texts, ner.pipe(texts), strict=True), 1):
        segments = build_segmenter(TextConfig())(text, document=str(number))
        assert list(doc.sentences) == ner.predict(segment.sentence for segment in segments)
        assert all(s.heads is not None and s.heads.count(ROOT) == 1 for s in doc.sentences)


def test_pipe_is_lazy(text_run: Path) -> None:
    ner = SynNER.from_pretrained(text_run, backend="torch")
    read = []

    def endless():
        while True:
            read.append(1)
            yield "Ann left."

    next(ner.pipe(endless(), characters=50))
    assert len(read) == 5
