"""A run that reads documents: what it finds in one follows from that document alone."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.recogniser import predictor
from synner_graph.recogniser.new import new_recogniser
from tests.fixtures import random_sentence, tiny_config


def in_documents(sentences: Sequence[Sentence], sizes: Sequence[int]) -> list[Sentence]:
    """The sentences in documents of these sizes; those left over have none."""
    names = [f"d{i}" for i, size in enumerate(sizes) for _ in range(size)]
    rest: list[str | None] = [None] * (len(sentences) - len(names))
    return [s.replace(document=d) for s, d in zip(sentences, [*names, *rest], strict=True)]


@pytest.fixture(scope="module")
def ner(tiny_transformer: Path, small_corpus: Corpus) -> SynNER:
    config = tiny_config(tiny_transformer, encoder__context="document", encoder__window=36)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        rows = small_corpus.splits["train"]
        return new_recogniser(config, rows, "torch", torch.device("cpu"), "naive")


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    """Short ones, of which several fit into a window."""
    draw = random.Random(0)
    short = [random_sentence(draw, draw.randint(1, 4)) for _ in range(20)]
    return in_documents(short, [3, 1, 5, 4, 2])


def scores(sentences: Sequence[Sentence]) -> list[float]:
    return [entity.score or 0.0 for sentence in sentences for entity in sentence.entities]


def test_a_document_is_read_together(ner: SynNER, sentences: list[Sentence]) -> None:
    together = ner.predict(sentences)
    alone = ner.predict([sentence.replace(document=None) for sentence in sentences])
    assert [s.document for s in together] == [s.document for s in sentences]
    assert scores(together) != pytest.approx(scores(alone))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_documents_do_not_depend_on_others(
    ner: SynNER, sentences: list[Sentence], batch_size: int
) -> None:
    together = ner.predict(sentences, batch_size)
    for name in ("d0", "d2", "d4", None):
        document = [s for s in sentences if s.document == name]
        found = [s for s in together if s.document == name]
        alone = ner.predict(document)
        assert alone == found
        assert scores(alone) == pytest.approx(scores(found), abs=1e-5)


def test_streams_document_by_document(ner: SynNER, sentences: list[Sentence]) -> None:
    whole = ner.predict(sentences)
    found = list(ner.stream(sentences, batch_size=2, window=1))
    assert found == whole
    assert scores(found) == pytest.approx(scores(whole), abs=1e-5)


def test_long_documents_are_read_in_parts(
    ner: SynNER, sentences: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = [sentence.replace(document="d") for sentence in sentences]
    whole = ner.predict(document)
    monkeypatch.setattr(predictor, "LONGEST", 9)
    units = list(ner.units(document))
    assert len(units) > 3
    found = ner.predict(document)
    assert [s.document for s in found] == ["d"] * len(document)
    parts = [ner.predict([s.replace(document="p") for s in unit]) for unit in units]
    expected = [sentence for part in parts for sentence in part]
    assert scores(found) == pytest.approx(scores(expected), abs=1e-5)
    assert scores(found) != pytest.approx(scores(whole))
