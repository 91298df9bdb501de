"""This package, on trees of its own, with the settings of configs/studies/documents.toml."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from synner_graph.data.sentence import Sentence
from synner_graph.recogniser.precision import AUTO
from synner_graph.recogniser.synner import SynNER

if TYPE_CHECKING:
    from synner_graph.benchmarking.peers.programs.run_peer import Work

BATCH = 32

SETTINGS: dict[str, Any] = {
    "head.name": "span",
    "encoder.context": "document",
    "gnn.edges": [
        "head-dependent",
        "dependent-head",
        "self",
        "next-sentence",
        "previous-sentence",
        "same-form",
    ],
    "parser.name": "biaffine",
    "parser.soft_heads": 3,
    "parser.weight": 0.02,
    "training.batch_size": BATCH,
    "training.precision": "bf16",
    "training.learning_rate": 1.5e-3,
    "training.encoder_learning_rate": 2e-4,
    "training.layer_decay": 0.8,
    "training.ema": 0.99,
}


def train(work: "Work") -> None:
    """See run_peer."""
    # Predictions need none of these, and their start-up and memory are measured.
    from synner_graph.config import load_config
    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.training.run import train as train_run

    given = {
        "encoder.name": work.encoder,
        "data.train": Path(work.train_file),
        "data.dev": Path(work.dev_file),
        "training.epochs": work.epochs,
        "training.seed": work.seed,
    }
    config = load_config(overrides=SETTINGS | given)
    train_run(config, corpus_of(config.data), Path(work.output), overwrite=True, progress=False)


def load(folder: str) -> SynNER:
    """See run_peer."""
    return SynNER.from_pretrained(folder, precision=AUTO)


def name_tokens(model: SynNER, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of sentences, by tokens; the trees are those of the model's parser."""
    sentences = [Sentence(line["tokens"], document=line.get("document")) for line in lines]
    named = model.predict(list(model.with_trees(sentences)), BATCH)
    return [[(e.start, e.end, e.label) for e in sentence.entities] for sentence in named]


def name_texts(model: SynNER, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of texts, by characters."""
    docs = model.pipe(line["text"] for line in lines)
    return [[(e.start_char, e.end_char, e.label) for e in doc.entities] for doc in docs]
