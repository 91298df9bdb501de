from pathlib import Path

import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.encoders import TransformerEncoder
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
