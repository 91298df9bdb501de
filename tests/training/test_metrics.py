"""What metrics.json holds."""

from pathlib import Path

from torch import nn

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.evaluation.evaluate import evaluate, evaluate_trees
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.metrics import as_read, dev_scores, parameters
from tests.fixtures import tiny_config

JACKKNIFE = {"parser__name": "biaffine", "parser__jackknife": 2}


def test_epochs_are_scored_by_entities_and_trees(parsing_run: Path, small_corpus: Corpus) -> None:
    ner, dev = SynNER.from_pretrained(parsing_run), small_corpus.splits["dev"]
    scores = dev_scores(ner, tiny_config("characters"), dev)
    assert scores == {
        "dev_f1": evaluate(ner, dev, "dev").overall.f1,
        "dev_las": evaluate_trees(ner, dev, "dev").all.las,
    }
    own = dev_scores(ner, tiny_config("characters", **JACKKNIFE), dev)
    unparsed = [sentence.without_tree() for sentence in dev]
    assert own["dev_f1"] == evaluate(ner, unparsed, "dev").overall.f1


def test_a_jackknifed_model_reads_trees_of_its_own(small_corpus: Corpus) -> None:
    dev = small_corpus.splits["dev"]
    assert as_read(tiny_config("characters"), dev) is dev
    read = as_read(tiny_config("characters", **JACKKNIFE), dev)
    assert all(sentence.heads is None for sentence in read)


def test_parameters_are_counted() -> None:
    module = nn.Linear(3, 2)
    module.bias.requires_grad_(False)
    assert (parameters(module), parameters(module, trained=True)) == (8, 6)
