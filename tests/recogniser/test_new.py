import logging
from pathlib import Path

import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.encoders.transformer import TransformerEncoder
from synner_graph.graph import backends
from synner_graph.operators import choice
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import SynNER
from tests.fixtures import tiny_config


def test_a_run_with_a_pruned_vocabulary_is_an_ordinary_one(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(tiny_transformer, encoder__prune_vocabulary=True)
    entities = [Entity(0, 1, "PER")]
    train = [
        Sentence(["Dr", "Nan"], heads=[ROOT, 0], relations=["root", "flat"], entities=entities)
    ]
    test = small_corpus.splits["test"]
    ner = new_recogniser(config, train, "torch", torch.device("cpu"), "naive")
    ner.save_pretrained(tmp_path)
    again = SynNER.from_pretrained(tmp_path, "torch")
    assert again.predict(test) == ner.predict(test)
    sizes = []
    for one in (ner, again):
        encoder = one.model.encoder.encoders[0]
        assert isinstance(encoder, TransformerEncoder)
        assert one.blueprint is not None
        sizes.append(encoder.transformer.get_input_embeddings().num_embeddings)
        assert sizes[-1] == one.blueprint[0].vocab_size == len(one.blueprint[1])
    whole = tiny_config(tiny_transformer)
    unpruned = new_recogniser(whole, train, "torch", torch.device("cpu"), "naive")
    assert unpruned.blueprint is not None
    assert sizes[0] == sizes[1] < unpruned.blueprint[0].vocab_size


def test_one_line_says_what_it_runs_on(
    tiny_transformer: Path,
    small_corpus: Corpus,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "_said", set())
    backends.choice._choose.cache_clear()
    caplog.set_level(logging.INFO, "synner_graph")
    rows = small_corpus.splits["train"]
    for _ in range(2):
        new_recogniser(tiny_config(tiny_transformer), rows, "auto", torch.device("cpu"), "auto")
    said = [r.getMessage() for r in caplog.records if "ernel" in r.getMessage()]
    assert len(said) == 1
    assert said[0].startswith("Graph backend: ")
    assert "Syn-LSTM, CRF log-partition, CRF Viterbi search, CRF forward-backward pass: " in said[0]
    assert not [r for r in caplog.records if r.getMessage().startswith("Kernel of")]
