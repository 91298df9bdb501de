"""The plain model: what it learns from and what it finds are the entities of the tokens."""

from pathlib import Path

import pytest
import torch

from synner_graph.benchmarking.plain import IGNORED, PlainLearner, PlainTagger
from synner_graph.config import TrainingConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity, Sentence


@pytest.fixture
def tagger(tiny_transformer: Path) -> PlainTagger:
    return PlainTagger(str(tiny_transformer), ["PER", "LOC", "ORG", "MISC"])


def test_gold_tags_decode_to_the_gold_entities(tagger: PlainTagger, small_corpus: Corpus) -> None:
    sentences = [s for s in small_corpus.splits["train"] if sum(map(len, s.tokens)) < 38]
    batch = tagger.collate(sentences)
    labels = batch["labels"]
    logits = torch.nn.functional.one_hot(labels.clamp(min=0), len(tagger.tags)).float()
    found = tagger.decode(logits, labels, sentences)
    assert [tuple(entities) for entities in found] == [s.entities for s in sentences]
    assert (labels != IGNORED).sum(1).tolist() == [len(s) for s in sentences]


def test_tokens_beyond_the_limit_are_no_entities(tagger: PlainTagger) -> None:
    long = Sentence(["ab"] * 60, entities=[Entity(58, 60, "PER")])
    batch = tagger.collate([long])
    assert batch["input_ids"].shape == (1, tagger.limit)
    logits = torch.zeros(1, tagger.limit, len(tagger.tags))
    logits[..., tagger.tags.index("B-PER")] = 1
    (found,) = tagger.decode(logits, batch["labels"], [long])
    assert found == [Entity(i, i + 1, "PER") for i in range(len(found))] and 1 < len(found) < 40


def test_predicting_reads_no_gold(tagger: PlainTagger) -> None:
    known, unknown = (Sentence(["an", "ant"], entities=[Entity(0, 1, x)]) for x in ("PER", "ODD"))
    bare = tagger.predict([known.replace(entities=())], batch_size=1)
    assert tagger.predict([unknown], 1) == tagger.predict([known], 1) == bare


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_it_learns(tagger: PlainTagger, small_corpus: Corpus, precision: str) -> None:
    sentences = small_corpus.splits["train"][:8]
    rates = {"learning_rate": 0.1, "encoder_learning_rate": 1e-2, "warmup": 0}
    settings = TrainingConfig(precision=precision, **rates)
    computed: list[torch.dtype] = []
    tagger.model.classifier.register_forward_hook(lambda *passed: computed.append(passed[2].dtype))
    learner = PlainLearner(tagger, settings, steps=30)
    batch = tagger.collate(sentences)
    with torch.no_grad():
        before = tagger.model(**batch).loss.item()
    for _ in range(30):
        learner.step(batch)
    assert set(computed[1:]) == {torch.bfloat16 if precision == "bf16" else torch.float32}
    with torch.no_grad():
        assert tagger.model(**batch).loss.item() < 0.5 * before
