"""Our side of an end-to-end benchmark: the default model, as `train` and `predict` run it."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch

from synner_graph.benchmarking.parts import PartClock
from synner_graph.benchmarking.side import ENCODER, OTHER, Side
from synner_graph.benchmarking.workload import Workload
from synner_graph.data.segmentation.segment import Segment, Segmenter
from synner_graph.data.sentence import Sentence
from synner_graph.graph.backends import backend_to_predict
from synner_graph.heads import CRFHead
from synner_graph.recogniser.new import new_recogniser
from synner_graph.training.batches import LengthGroupedBatches, training_units


class Ours(Side):
    """The default model, through the functions that `train` and `predict` use.

    Attributes:
        context: What its encoder reads at once.
    """

    name = "synner"
    context: ClassVar[str] = "sentence"

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        config = workload.config
        read: dict[str, object] = {"context": self.context}
        if self.context == "document" and workload.window is not None:
            read["window"] = workload.window
        encoder = config.encoder.model_copy(update=read)
        self.config = config.model_copy(update={"encoder": encoder})
        self.sentences = workload.to_learn
        backend = workload.graph_backend
        if workload.task == "predict":
            backend = backend_to_predict(backend, config.gnn.name)
        self.ner = new_recogniser(
            self.config,
            self.sentences,
            backend,
            torch.device("cpu"),
            workload.kernel,
        )
        self.raw = workload.raw
        self.precision = workload.precision
        model, watch = self.ner.model, self.clock.watch
        watch(model.collator, "inputs", "collate")
        watch(model.collator, "gold", "collate")
        watch(model.collator, "graph", "graph")
        watch(model, "forward", OTHER)
        for part in model.encoder.parts:
            watch(part, "forward", "orthography" if part.pretrained is None else ENCODER)
            if part.pretrained is not None:
                self.watch_transformer(part.pretrained)
        if model.parser is not None:
            watch(model.parser, "loss", "parse")
            watch(model.parser, "decode", "parse")
            pipeline = self.ner.pipeline()
            pipeline.segmenter = TimedSegmenter(pipeline.segmenter, self.clock)
        watch(model.gnn, "forward", "gnn")
        watch(model.recurrent, "forward", "recurrent")
        watch(model.head, "loss", "head")
        watch(model.head, "decode", "decode")
        # Scoring tags or spans is the head's work, before and after decoding as in training.
        if isinstance(model.head, CRFHead):
            watch(model.head.emission, "forward", "head")
        else:
            watch(model.head, "span_scores", "head")

    def start_learning(self, steps: int) -> None:
        """See Side."""
        # Prediction needs neither, and its peak memory is measured without them.
        from synner_graph.training.distributed import build_accelerator
        from synner_graph.training.learner import Learner

        accelerator = build_accelerator("cpu", self.config.training.precision)
        self.learner = Learner(self.ner.model, self.config, steps, accelerator)
        self.clock.watch(accelerator, "backward", OTHER)
        self.ner.model.train()

    def batches(self) -> Iterator[list[Sentence]]:
        """See Side; sentences, or parts of documents, of similar length together."""
        settings = self.config.training
        units = training_units(self.sentences, self.ner.model.reads_documents, settings.part_tokens)
        for rows in LengthGroupedBatches(units, settings.batch_size, settings.seed).epoch(1):
            yield [sentence for row in rows for sentence in units[row]]

    def learn(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        batch = self.ner.model.collator(sentences)
        self.learner.step([batch], 1 / len(sentences))

    def start_predicting(self) -> None:
        """See Side."""
        self.ner.compute_in(self.precision)

    def predict(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        if self.raw:
            self.entities = sum(len(doc.entities) for doc in self.ner.pipe(map(text_of, sentences)))
            return
        found = self.ner.predict(sentences)
        self.entities = sum(len(sentence.entities) for sentence in found)


class SentenceContext(Ours):
    """The default model, whose encoder reads sentence by sentence, beside `DocumentContext`."""

    name = "sentence"


class DocumentContext(Ours):
    """The same model, but its encoder reads neighbouring sentences of a document at once."""

    name = "document"
    context = "document"


class Unsorted(Ours):
    """The same model on raw text, in padded batches as the sentences come."""

    name = "unsorted"

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.ner.model.encoder.read_in_one_pass()
        self.precision = workload.peer_precision

    def predict(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        cut = self.ner.pipeline().segmenter
        found = (segment.sentence for sentence in sentences for segment in cut(text_of(sentence)))
        named = self.ner.stream(found, self.config.training.batch_size, window=1)
        self.entities = sum(len(sentence.entities) for sentence in named)


class TimedSegmenter(Segmenter):
    """Times another segmenter.

    Args:
        inner: Does the work.
        clock: What is told.
    """

    def __init__(self, inner: Segmenter, clock: PartClock) -> None:
        super().__init__(inner.tokenizer, inner.splitter)
        self.clock = clock

    def __call__(self, text: str, document: str | None = None) -> Iterator[Segment]:
        """See Segmenter."""
        with self.clock.within("tokenise"):
            found = list(super().__call__(text, document))
        yield from found


def text_of(sentence: Sentence) -> str:
    """Return the raw text of a sentence; without one, its tokens."""
    return sentence.text or " ".join(sentence.tokens)
