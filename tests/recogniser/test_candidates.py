"""Candidates of whole recognisers: the scores that spans have where they are predicted."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import load_parser
from tests.fixtures import tiny_config
from tests.gnn.layers import needs_dgl


def check(ner: SynNER, sentences: Sequence[Sentence], threshold: float = 0.0) -> int:
    """Every predicted entity is a candidate with the same score; return how many there are."""
    predicted = ner.predict(sentences)
    found = ner.candidates(sentences, threshold)
    assert len(found) == len(predicted)
    for sentence, candidates in zip(predicted, found, strict=True):
        assert sentence.candidates is None
        assert candidates == sorted(candidates)
        scores = {candidate: candidate.score for candidate in candidates}
        for entity in sentence.entities:
            assert scores[entity] == pytest.approx(entity.score, rel=1e-5)
    return sum(len(sentence.entities) for sentence in predicted)


@pytest.mark.parametrize("scheme", ["bioes", "bio", None])
@pytest.mark.parametrize("context", ["sentence", "document"])
def test_candidates_score_as_predicted_entities(
    scheme: str | None, context: str, tiny_transformer: Path, small_corpus: Corpus
) -> None:
    head = {"head__name": "span"} if scheme is None else {"head__scheme": scheme}
    if context == "document":
        head |= {"encoder__context": context, "encoder__window": 36}
    config = tiny_config(tiny_transformer, **head)
    rows = [s.replace(document="d") for s in small_corpus.splits["train"]]
    ner = new_recogniser(config, rows, "torch", torch.device("cpu"), "auto")
    assert check(ner, rows) > 5


@pytest.mark.parametrize("backend", ["torch", pytest.param("dgl", marks=needs_dgl)])
def test_every_backend_finds_them(backend: str, trained_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(trained_run, backend)
    assert check(ner, small_corpus.splits["test"], 0.001) > 0


def test_without_trees_they_are_those_on_the_trees_of_the_own_parser(
    parsing_run: Path, small_corpus: Corpus
) -> None:
    ner = SynNER.from_pretrained(parsing_run)
    bare = [sentence.without_tree() for sentence in small_corpus.splits["test"]]
    check(ner, bare)
    on_own = ner.candidates(load_parser("run", ner).parse(bare))
    alone = ner.candidates(bare)
    assert alone == on_own and sum(map(len, alone)) > 10
    gold = ner.candidates(small_corpus.splits["test"])
    assert [[e.score for e in row] for row in gold] != [[e.score for e in row] for row in alone]


def test_a_batch_does_not_change_them(trained_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(trained_run)
    sentences = small_corpus.splits["test"]
    one = [(e, e.score) for row in ner.candidates(sentences, 0.01, 1) for e in row]
    many = [(e, e.score) for row in ner.candidates(sentences, 0.01, 16) for e in row]
    assert [e for e, _ in one] == [e for e, _ in many]
    assert [s for _, s in one] == pytest.approx([s for _, s in many], rel=1e-4)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(
    threshold: float, trained_run: Path, small_corpus: Corpus
) -> None:
    ner = SynNER.from_pretrained(trained_run)
    with pytest.raises(InputError, match=f"expected a threshold from 0 to 1, got {threshold}"):
        ner.candidates(small_corpus.splits["test"], threshold)
