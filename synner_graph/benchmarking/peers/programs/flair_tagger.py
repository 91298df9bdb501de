"""Flair: TransformerWordEmbeddings and a CRF, fine-tuned as its tutorial does.

https://flairnlp.github.io/docs/tutorial-training/how-to-train-sequence-tagger: the last layer, the
first piece of each word, batches of 4. The learning rate is 5e-5, the default of `fine_tune`: the
tutorial's 5e-6 is for a large transformer.
"""

from typing import TYPE_CHECKING, Any

import flair
from flair.data import Corpus, Sentence
from flair.datasets import FlairDatapointDataset
from flair.embeddings import TransformerWordEmbeddings
from flair.models import SequenceTagger
from flair.splitter import SegtokSentenceSplitter
from flair.trainers import ModelTrainer

if TYPE_CHECKING:
    from synner_graph.benchmarking.peers.programs.run_peer import Work

flair.device = "cpu"
BATCH = 32
"""Sentences that are read at once to predict: the default."""


def train(work: "Work") -> None:
    """See run_peer."""
    flair.set_seed(work.seed)
    train, dev = (FlairDatapointDataset(list(map(_gold, part))) for part in (work.train, work.dev))
    corpus = Corpus(train=train, dev=dev, sample_missing_splits=False)
    embeddings = TransformerWordEmbeddings(
        model=work.encoder, layers="-1", subtoken_pooling="first", fine_tune=True
    )
    tagger = SequenceTagger(
        hidden_size=256,
        embeddings=embeddings,
        tag_dictionary=corpus.make_label_dictionary(label_type="ner", add_unk=False),
        tag_type="ner",
        use_crf=True,
        use_rnn=False,
        reproject_embeddings=False,
    )
    ModelTrainer(tagger, corpus).fine_tune(
        work.output, learning_rate=5e-5, mini_batch_size=4, max_epochs=work.epochs
    )


def _gold(line: dict[str, Any]) -> Sentence:
    sentence = Sentence(line["tokens"])
    for entity in line["entities"]:
        sentence[entity["start"] : entity["end"]].add_label("ner", entity["type"])
    return sentence


def load(folder: str) -> Any:
    """See run_peer."""
    return SequenceTagger.load(f"{folder}/final-model.pt")


def name_tokens(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of sentences, by tokens."""
    sentences = [Sentence(line["tokens"]) for line in lines]
    model.predict(sentences, mini_batch_size=BATCH)
    return [
        [(s.tokens[0].idx - 1, s.tokens[-1].idx, s.tag) for s in sentence.get_spans("ner")]
        for sentence in sentences
    ]


def name_texts(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of texts, by characters; Flair's splitter finds the sentences."""
    splitter = SegtokSentenceSplitter()
    texts = [splitter.split(line["text"]) for line in lines]
    model.predict([sentence for text in texts for sentence in text], mini_batch_size=BATCH)
    return [
        [
            (
                s.start_position + sentence.start_position,
                s.end_position + sentence.start_position,
                s.tag,
            )
            for sentence in text
            for s in sentence.get_spans("ner")
        ]
        for text in texts
    ]
