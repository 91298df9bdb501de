"""Blocks of texts: joined, they are the file that `predict` writes."""

import io
import json
from collections import Counter
from functools import partial

import pytest

from synner_graph.config import TextConfig
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import Entity
from synner_graph.text import pipeline as pipelines
from synner_graph.text.blocks import TextWork, text_blocks
from synner_graph.text.pipeline import TextPipeline
from synner_graph.text.sources import Record
from synner_graph.text.targets import write_named
from synner_graph.text.writers import writer_of

TEXTS = ["Ann met Bob.\nShe left.", "", "Zoë, in\r\nOslo", "\ud800 is half", "x" * 90, "a b. c d."]
FORMATS = ["jsonl", "csv", "conllu", "iob2", "conll2003", "conll2012", "semeval2010", "wnut"]


class Namer:
    """Names the first two tokens, by how long the sentences are that it gets at once."""

    def units(self, sentences):
        return ([sentence] for sentence in sentences)

    def name(self, units, batches, unknown=None):
        unknown["odd"] += 1
        scores = {row: 1 / (1 + len(batch)) for batch in batches for row in batch}
        for row, [sentence] in enumerate(units):
            end = min(2, len(sentence))
            yield sentence.replace(entities=[Entity(0, end, "X", scores[row])])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("blocks", "targets"):
        small = partial(pipelines.chunks, size=30)
        monkeypatch.setattr(f"synner_graph.text.{place}.chunks", small)


def pipeline() -> TextPipeline:
    return TextPipeline(build_segmenter(TextConfig()), Namer(), None)


def records() -> list[Record]:
    return [Record(text, {"text": json.dumps(text)}, 10 * n) for n, text in enumerate(TEXTS, 1)]


@pytest.mark.parametrize("format", FORMATS)
def test_joined_blocks_are_the_file(format: str) -> None:
    stream, writer = io.BytesIO(), writer_of(format, None)
    alone = pipeline()
    write_named(alone, records(), writer, stream)
    work = TextWork(pipeline(), writer_of(format, None))
    blocks = list(text_blocks(records()))
    written = [work(block) for block in blocks]
    assert writer.header.encode() + b"".join(w.content for w in written) == stream.getvalue()
    assert sum(w.replaced for w in written) == writer.replaced
    assert work.unknown == alone.unknown == Counter(odd=len(blocks))


def test_blocks_know_their_place_and_what_was_read() -> None:
    blocks = list(text_blocks(records()))
    assert [(block.number, block.size, block.position) for block in blocks] == [
        (1, 3, 30),
        (4, 2, 50),
        (6, 1, 60),
    ]
    assert blocks[0].digest == next(text_blocks(records())).digest
    other = [record._replace(fields=record.fields | {"id": "1"}) for record in records()]
    assert all(a.digest != b.digest for a, b in zip(blocks, text_blocks(other), strict=True))
