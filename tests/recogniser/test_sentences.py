"""Blocks of sentences: joined, they are the file that `predict` writes."""

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.config import TextConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import LINE_FORMATS, scheme_of, write_sentences
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.recogniser import sentences as blocks_of
from synner_graph.recogniser.predictor import units_of
from synner_graph.recogniser.sentences import SentenceNamer, SentenceWork, sentence_blocks

BATCH = 3


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_of, "BATCHES", 2)


@pytest.fixture(scope="module")
def ner(trained_run: Path) -> SynNER:
    return SynNER.from_pretrained(trained_run, "torch", "cpu", "naive")


@pytest.fixture
def sentences(small_corpus: Corpus) -> list[Sentence]:
    """Documents that begin and end at blocks and inside of them, and sentences without one."""
    names = [*"aaaaaabbbbccdddd", None, None]
    rows = [*small_corpus.splits["test"], *small_corpus.splits["dev"]][: len(names)]
    return [s.replace(document=name) for s, name in zip(rows, names, strict=True)]


@pytest.mark.parametrize("format", sorted(LINE_FORMATS))
@pytest.mark.parametrize("documents", [False, True])
def test_joined_blocks_are_the_file(
    format: str, documents: bool, ner: SynNER, sentences: list[Sentence], tmp_path: Path
) -> None:
    path = tmp_path / f"named.{format}"
    namer = SentenceNamer(ner, None, BATCH, None)
    blocks = list(sentence_blocks(units_of(sentences, documents, TextConfig()), BATCH))
    assert len(blocks) == 3 and [block.is_last for block in blocks] == [False, False, True]
    assert [block.number for block in blocks] == [1, 7, 13]
    write_sentences(path, chain.from_iterable(namer.named(block.units) for block in blocks))
    work = SentenceWork(namer, format, scheme_of(format), "named")
    assert b"".join(work(block).content for block in blocks) == path.read_bytes()


def test_blocks_are_named_as_a_stream_is(ner: SynNER, sentences: list[Sentence]) -> None:
    unknown = Counter[str]()
    stream = list(ner.stream(sentences, BATCH, window=2, unknown=unknown, candidates=0.01))
    namer = SentenceNamer(ner, None, BATCH, 0.01)
    blocks = sentence_blocks(ner.units(sentences), BATCH)
    found = list(chain.from_iterable(namer.named(block.units) for block in blocks))
    assert found == stream
    assert [s.candidates for s in found] == [s.candidates for s in stream]
    assert [[e.score for e in s.entities] for s in found] == [
        [e.score for e in s.entities] for s in stream
    ]
    assert namer.unknown == unknown


def test_a_parser_replaces_the_trees(
    trained_run: Path, parsing_run: Path, sentences: list[Sentence]
) -> None:
    ner = SynNER.from_pretrained(trained_run, "torch", "cpu", "naive")
    parser = ner.chosen_parser(f"biaffine:{parsing_run}")
    namer = SentenceNamer(ner, parser, BATCH, None)
    [first, *_] = sentence_blocks(ner.units(sentences), BATCH)
    found = list(namer.named(first.units))
    wanted = parser.parse(sentences[: len(found)])
    assert [(s.heads, s.relations) for s in found] == [(s.heads, s.relations) for s in wanted]
    assert [s.heads for s in found] != [s.heads for s in sentences[: len(found)]]


def test_the_place_of_a_sentence_that_cannot_be_written_is_told(
    ner: SynNER, sentences: list[Sentence]
) -> None:
    odd = Sentence(["a b", "c"], heads=[-1, 0], relations=["root", "dep"])
    rows = [*sentences[:8], odd]
    *_, last = sentence_blocks(ner.units(rows), BATCH)
    work = SentenceWork(SentenceNamer(ner, None, BATCH, None), "conll2003", "bio", "shards")
    with pytest.raises(InputError, match="shards: sentence 9: expected no separator"):
        work(last)


def test_what_was_read_is_known_by_all_of_it(ner: SynNER, sentences: list[Sentence]) -> None:
    digests = [b.digest for b in sentence_blocks(ner.units(sentences), BATCH)]
    assert digests == [b.digest for b in sentence_blocks(ner.units(sentences), BATCH)]
    first = [b.digest for b in sentence_blocks(ner.units(sentences[:6]), BATCH)]
    assert len(first) == 1 and first[0] != digests[0]  # which is not the last
    relabelled = [s.replace(id=f"x{i}") for i, s in enumerate(sentences)]
    others = [b.digest for b in sentence_blocks(ner.units(relabelled), BATCH)]
    assert set(others).isdisjoint(digests)
