"""The work that both sides of an end-to-end benchmark do."""

import random
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path

from synner_graph.config import DataConfig, RunConfig, load_config
from synner_graph.data.corpora.catalogue import Corpus, corpus_of
from synner_graph.data.documents import documents
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.choice import has_transformer
from synner_graph.encoders.precision import FLOAT32
from synner_graph.errors import InputError
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.parsers.base import TREES
from synner_graph.recogniser.precision import fastest

LEARNED = 40  # batches both models learn from before they predict, so as to find some entities
SEED = 42


@dataclass(frozen=True)
class Workload:
    """The work of both models.

    Attributes:
        task: `train` or `predict`.
        dataset: Corpus of the catalogue.
        data_dir: Folder that holds it.
        encoder: The transformer of both models.
        head: Of ours.
        sentences: How many are drawn from the training split, or to predict from the test split.
        batch_size: Sentences in a batch.
        threads: Of PyTorch.
        graph_backend: Of ours.
        kernel: Of ours.
        raw: Predict from the texts of the sentences alone, parsing them too.
        context: `document` to learn with either context, each beside the other, from whole
            documents; `sentence` to learn beside the plain model.
        window: Pieces that document context reads at once; None for the default.
        precision: What our encoder predicts in; `auto` is a fast one that the processor has.
        peer_precision: The same of the other side.
        mixed_precision: `no` or `bf16`, in which both sides learn.
    """

    task: str
    dataset: str
    data_dir: str | None
    encoder: str
    head: str
    sentences: int
    batch_size: int
    threads: int
    graph_backend: str = "auto"
    kernel: str = "auto"
    raw: bool = False
    context: str = "sentence"
    window: int | None = None
    precision: str = FLOAT32
    peer_precision: str = FLOAT32
    mixed_precision: str = "no"

    def __post_init__(self) -> None:
        """Find the precisions.

        Raises:
            InputError: The processor lacks one.
        """
        for side in ("precision", "peer_precision"):
            object.__setattr__(self, side, fastest(getattr(self, side)))

    @cached_property
    def config(self) -> RunConfig:
        """The default settings, with what is chosen here."""
        config = load_config(
            overrides={
                "encoder.name": self.encoder,
                "head.name": self.head,
                "parser.name": BIAFFINE if self.raw else TREES,
                "training.batch_size": self.batch_size,
                "training.seed": SEED,
                "training.precision": self.mixed_precision,
            }
        )
        if not has_transformer(config.encoder):
            raise InputError(
                "expected a transformer as encoder, for the plain model to have the same, "
                f"got {self.encoder!r}"
            )
        return config

    @cached_property
    def corpus(self) -> Corpus:
        """The sentences to learn from, and to predict the test split."""
        predicts = self.task == "predict"
        drawn = LEARNED * self.batch_size if predicts else self.sentences
        data = DataConfig(
            dataset=self.dataset,
            data_dir=None if self.data_dir is None else Path(self.data_dir),
            train_subset=None if self.context == "document" else drawn,
        )
        return corpus_of(data, ("train", "test") if predicts else ("train",))

    @cached_property
    def to_learn(self) -> tuple[Sentence, ...]:
        """Sentences that the models learn from; with document context, those of whole documents."""
        train = self.corpus.splits["train"]
        if self.context == "sentence":
            return train
        drawn = list(documents(train))
        random.Random(SEED).shuffle(drawn)
        ends = accumulate(map(len, drawn))
        enough = next((n for n, end in enumerate(ends, 1) if end >= self.sentences), len(drawn))
        return tuple(chain.from_iterable(drawn[:enough]))

    @cached_property
    def to_predict(self) -> tuple[Sentence, ...]:
        """Sentences whose entities the models predict."""
        test = self.corpus.splits["test"]
        rows = random.Random(0).sample(range(len(test)), min(self.sentences, len(test)))
        return tuple(test[row] for row in sorted(rows))

    @property
    def work(self) -> tuple[Sentence, ...]:
        """Sentences that the models are measured on."""
        return self.to_predict if self.task == "predict" else self.to_learn
