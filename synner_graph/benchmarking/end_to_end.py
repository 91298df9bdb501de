"""Training and prediction as users see them, by part, beside transformers' own on the same work."""

import json
import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from synner_graph.benchmarking.memory import peak_megabytes, peak_of_module
from synner_graph.benchmarking.parts import PartClock
from synner_graph.benchmarking.timing import threads
from synner_graph.config import DataConfig, RunConfig, load_config
from synner_graph.data.corpora.catalogue import Corpus, corpus_of
from synner_graph.data.sentence import Sentence
from synner_graph.encoders import TransformerEncoder, has_transformer, resolve
from synner_graph.errors import InputError
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.heads.crf import CRFHead
from synner_graph.parsers.base import TREES
from synner_graph.text.segment import Segment, Segmenter

MODULE = "synner_graph.benchmarking.end_to_end"
LEARNED = 20  # batches both models learn from before they predict, so as to find some entities
ONE_PASS = 10**9  # a cost that no second pass is worth
SEED = 42
ENCODER, OPTIMISER, OTHER = "encoder", "optimiser", "other"


@dataclass(frozen=True)
class Workload:
    """What both models do.

    Attributes:
        task: `train` or `predict`.
        dataset: corpus of the catalogue.
        data_dir: folder that holds it.
        encoder: the transformer of both models.
        head: of ours.
        sentences: how many are drawn from the training split, or to predict from the test split.
        batch_size: sentences in a batch.
        threads: of PyTorch.
        graph_backend: of ours.
        kernel: of ours.
        raw: predict from the texts of the sentences alone, parsing them too.
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

    @cached_property
    def config(self) -> RunConfig:
        """The settings: the default ones but for what is chosen here."""
        config = load_config(
            overrides={
                "encoder.name": self.encoder,
                "head.name": self.head,
                "parser.name": BIAFFINE if self.raw else TREES,
                "training.batch_size": self.batch_size,
                "training.seed": SEED,
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
        data = DataConfig(
            dataset=self.dataset,
            data_dir=None if self.data_dir is None else Path(self.data_dir),
            train_subset=LEARNED * self.batch_size if predicts else self.sentences,
        )
        return corpus_of(data, ("train", "test") if predicts else ("train",))

    @property
    def to_learn(self) -> tuple[Sentence, ...]:
        """Sentences that the models learn from."""
        return self.corpus.splits["train"]

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


class Side(ABC):
    """One of the two models.

    Attributes:
        name: what it is called in the results.
        clock: what it spent its time on.
        places: of sub-words that its encoder computed, padding included.
        pieces: sub-words among them.
        entities: how many it found when it last predicted.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self.clock = PartClock()
        self.places = self.pieces = self.entities = 0

    def watch_transformer(self, transformer: nn.Module) -> None:
        """Count the places and sub-words that pass through it."""

        def enter(_: nn.Module, __: tuple[Any, ...], named: dict[str, Any]) -> None:
            if self.clock.runs:
                mask: Tensor = named["attention_mask"]
                self.places += mask.numel()
                self.pieces += int(mask.sum())

        transformer.register_forward_pre_hook(enter, with_kwargs=True)

    @abstractmethod
    def start_learning(self, steps: int) -> None:
        """Make ready for that many steps."""

    @abstractmethod
    def batches(self) -> Iterator[list[int]]:
        """Batches of the sentences to learn from, as this side would draw them."""

    @abstractmethod
    def learn(self, sentences: Sequence[Sentence]) -> None:
        """Take a step."""

    @abstractmethod
    def predict(self, sentences: Sequence[Sentence]) -> None:
        """Find the entities of all sentences."""


class Ours(Side):
    """The default model, through the functions that `train` and `predict` use."""

    name = "synner"

    def __init__(self, workload: Workload) -> None:
        from synner_graph.recogniser.new import new_recogniser

        super().__init__()
        self.config = workload.config
        self.sentences = workload.to_learn
        self.ner = new_recogniser(
            self.config,
            self.sentences,
            workload.graph_backend,
            torch.device("cpu"),
            workload.kernel,
        )
        self.raw = workload.raw
        model, watch = self.ner.model, self.clock.watch
        watch(model.collator, "inputs", "collate")
        watch(model.collator, "gold", "collate")
        watch(model.collator, "graph", "graph")
        watch(model, "forward", OTHER)
        for part in model.encoder.encoders:
            if isinstance(part, TransformerEncoder):
                watch(part, "forward", ENCODER)
                self.watch_transformer(part.transformer)
            else:
                watch(part, "forward", "orthography")
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
        from accelerate import Accelerator

        from synner_graph.training.learner import Learner

        accelerator = Accelerator(cpu=True)
        self.learner = Learner(self.ner.model, self.config, steps, accelerator)
        self.clock.watch(accelerator, "backward", OTHER)
        self.ner.model.train()

    def batches(self) -> Iterator[list[int]]:
        """See Side; sentences of similar length together."""
        from synner_graph.training.batches import LengthGroupedBatches

        lengths = [len(sentence) for sentence in self.sentences]
        settings = self.config.training
        return LengthGroupedBatches(lengths, settings.batch_size, settings.seed).epoch(1)

    def learn(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        batch = self.ner.model.collator(sentences)
        self.learner.step(batch, 1 / len(sentences))

    def predict(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        if self.raw:
            self.entities = sum(len(doc.entities) for doc in self.ner.pipe(map(text_of, sentences)))
            return
        found = self.ner.predict(sentences, self.config.training.batch_size)
        self.entities = sum(len(sentence.entities) for sentence in found)


class Unsorted(Ours):
    """The same model on raw text, in padded batches as the sentences come."""

    name = "unsorted"

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        for part in self.ner.model.encoder.encoders:
            if isinstance(part, TransformerEncoder):
                part.pass_cost = ONE_PASS

    def predict(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        cut = self.ner.pipeline().segmenter
        found = (segment.sentence for sentence in sentences for segment in cut(text_of(sentence)))
        named = self.ner.stream(found, self.config.training.batch_size, window=1)
        self.entities = sum(len(sentence.entities) for sentence in named)


class TimedSegmenter(Segmenter):
    """Another segmenter, on the clock.

    Args:
        inner: does the work.
        clock: what is told.
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
    """The raw text of a sentence; its tokens, where it has none."""
    return sentence.text or " ".join(sentence.tokens)


class Plain(Side):
    """`AutoModelForTokenClassification` on padded batches in any order."""

    name = "plain"

    def __init__(self, workload: Workload) -> None:
        from synner_graph.benchmarking.plain import PlainTagger

        super().__init__()
        self.settings = workload.config.training
        self.sentences = workload.to_learn
        labels = {entity.label for s in self.sentences for entity in s.entities}
        self.tagger = PlainTagger(resolve(workload.encoder), sorted(labels))
        self.watch_transformer(self.tagger.model)
        self.clock.watch(self.tagger, "collate", "collate")
        self.clock.watch(self.tagger.model, "forward", ENCODER)
        self.clock.watch(self.tagger, "decode", "decode")

    def start_learning(self, steps: int) -> None:
        """See Side."""
        from synner_graph.benchmarking.plain import PlainLearner

        self.learner = PlainLearner(self.tagger, self.settings, steps)
        self.clock.watch(self.learner, "compute_gradients", ENCODER)

    def batches(self) -> Iterator[list[int]]:
        """See Side."""
        rows = list(range(len(self.sentences)))
        random.Random(self.settings.seed).shuffle(rows)
        size = self.settings.batch_size
        return (rows[start : start + size] for start in range(0, len(rows), size))

    def learn(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        self.learner.step(self.tagger.collate(sentences))

    def predict(self, sentences: Sequence[Sentence]) -> None:
        """See Side."""
        found = self.tagger.predict(sentences, self.settings.batch_size)
        self.entities = sum(map(len, found))


def sides_of(workload: Workload) -> dict[str, type[Ours] | type[Plain]]:
    """The two that are compared, by name: ours, and what it is compared with."""
    return {side.name: side for side in (Ours, Unsorted if workload.raw else Plain)}


@dataclass(frozen=True)
class Outcome:
    """What one side needed.

    Attributes:
        seconds: all in all.
        sentences_per_second: how fast it was.
        parts: seconds by part; their sum is `seconds`.
        padding: share of the places its encoder computed that held no sub-word.
        encoder_tokens_per_second: tokens of the sentences, by the time of the encoder alone.
        entities: how many it found; None in training.
        peak_megabytes: the most memory of a process that does nothing else; None if not measured.
    """

    seconds: float
    sentences_per_second: float
    parts: dict[str, float]
    padding: float
    encoder_tokens_per_second: float
    entities: int | None
    peak_megabytes: float | None


def measure(workload: Workload, rounds: int, memory: bool = True) -> dict[str, Outcome]:
    """Both sides in turns: batch by batch in training, corpus by corpus in prediction.

    Args:
        workload: what they do.
        rounds: how often they go through the sentences.
        memory: weigh each side too, in a process of its own.
    """
    arguments = json.dumps(asdict(workload))
    kinds = sides_of(workload)
    peaks = {n: peak_of_module(MODULE, n, arguments) if memory else None for n in kinds}
    with threads(workload.threads):
        torch.manual_seed(SEED)
        sides = [kind(workload) for kind in kinds.values()]
        if workload.task == "train":
            _train(sides, workload, rounds)
        else:
            _predict(sides, workload, rounds)
    return {side.name: _outcome(side, workload, rounds, peaks[side.name]) for side in sides}


def weigh(name: str, workload: Workload) -> float:
    """Do the work of one side, once; the peak memory of this process."""
    with threads(workload.threads):
        torch.manual_seed(SEED)
        side = sides_of(workload)[name](workload)
        if workload.task == "predict":
            side.predict(workload.to_predict)
        else:
            _learn_all(side, workload)
    return peak_megabytes()


def to_json(workload: Workload, rounds: int, outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """What `--json` prints."""
    ours, other = outcomes.values()
    ratios = {"sentences_per_second": ours.sentences_per_second / other.sentences_per_second}
    if ours.peak_megabytes is not None and other.peak_megabytes is not None:
        ratios["peak_megabytes"] = ours.peak_megabytes / other.peak_megabytes
    return {
        **asdict(workload),
        "sentences": len(workload.work),
        "tokens": sum(map(len, workload.work)),
        "rounds": rounds,
        "torch": torch.__version__,
        **{name: asdict(outcome) for name, outcome in outcomes.items()},
        "ratios": ratios,
        "outside_encoder_and_optimiser": outside_encoder_and_optimiser(ours),
    }


def outside_encoder_and_optimiser(outcome: Outcome) -> float:
    """Share of the time that went to any other part."""
    inside = sum(outcome.parts.get(part, 0.0) for part in (ENCODER, OPTIMISER))
    return 1 - inside / outcome.seconds


def _train(sides: Sequence[Side], workload: Workload, rounds: int) -> None:
    batches = [list(side.batches()) for side in sides]
    for side, (first, *_) in zip(sides, batches, strict=True):
        side.start_learning(1 + rounds * len(batches[0]))
        side.learn([workload.to_learn[row] for row in first])  # warm up
    for _ in range(rounds):
        for turn in zip_longest(*batches):
            for side, rows in zip(sides, turn, strict=True):
                sentences = [workload.to_learn[row] for row in rows]
                with side.clock.running(OPTIMISER):
                    side.learn(sentences)


def _predict(sides: Sequence[Side], workload: Workload, rounds: int) -> None:
    for side in sides:
        _learn_all(side, workload)
        side.predict(workload.to_predict[: workload.batch_size])  # warm up
    for _ in range(rounds):
        for side in sides:
            with side.clock.running(OTHER):
                side.predict(workload.to_predict)


def _learn_all(side: Side, workload: Workload) -> None:
    batches = list(side.batches())
    side.start_learning(len(batches))
    for rows in batches:
        side.learn([workload.to_learn[row] for row in rows])


def _outcome(side: Side, workload: Workload, rounds: int, peak: float | None) -> Outcome:
    seconds = sum(side.clock.seconds.values())
    tokens = rounds * sum(map(len, workload.work))
    return Outcome(
        seconds=seconds,
        sentences_per_second=rounds * len(workload.work) / seconds,
        parts=dict(side.clock.seconds),
        padding=1 - side.pieces / side.places,
        encoder_tokens_per_second=tokens / side.clock.seconds[ENCODER],
        entities=side.entities if workload.task == "predict" else None,
        peak_megabytes=peak,
    )


if __name__ == "__main__":
    print(weigh(sys.argv[1], Workload(**json.loads(sys.argv[2]))))
