"""The other side of an end-to-end benchmark: transformers' own token classification."""

import random
from collections.abc import Iterator, Sequence

from synner_graph.benchmarking.plain import PlainLearner, PlainTagger
from synner_graph.benchmarking.side import ENCODER, Side
from synner_graph.benchmarking.workload import Workload
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.packages import resolve
from synner_graph.encoders.precision import FLOAT32, narrow


class Plain(Side):
    """`AutoModelForTokenClassification` on padded batches in any order."""

    name = "plain"

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.settings = workload.config.training
        self.precision = workload.peer_precision
        self.sentences = workload.to_learn
        labels = {entity.label for s in self.sentences for entity in s.entities}
        self.tagger = PlainTagger(resolve(workload.encoder), sorted(labels))
        self.watch_transformer(self.tagger.model)
        self.clock.watch(self.tagger, "collate", "collate")
        self.clock.watch(self.tagger.model, "forward", ENCODER)
        self.clock.watch(self.tagger, "decode", "decode")

    def start_learning(self, steps: int) -> None:
        """See Side."""
        self.learner = PlainLearner(self.tagger, self.settings, steps)
        self.clock.watch(self.learner, "compute_gradients", ENCODER)

    def batches(self) -> Iterator[list[Sentence]]:
        """See Side."""
        drawn = list(self.sentences)
        random.Random(self.settings.seed).shuffle(drawn)
        size = self.settings.batch_size
        return (drawn[start : start + size] for start in range(0, len(drawn), size))

    def learn(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        self.learner.step(self.tagger.collate(sentences))

    def start_predicting(self) -> None:
        """See Side."""
        if self.precision != FLOAT32:
            narrow(self.tagger.model, self.precision)

    def predict(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        found = self.tagger.predict(sentences, self.settings.batch_size)
        self.entities = sum(map(len, found))
