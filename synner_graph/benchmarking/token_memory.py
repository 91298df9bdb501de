"""Memory that a batch takes for each of its tokens, by head and width of spans.

What does not grow with the batch, such as weights and their gradients, is left out: a batch is
weighed beside one that holds the same sentences twice.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from synner_graph.benchmarking.comparison import peak_bytes
from synner_graph.benchmarking.workload import SEED
from synner_graph.config import DataConfig, load_config
from synner_graph.data.corpora.catalogue import corpus_of
from synner_graph.data.sentence import Sentence
from synner_graph.model.batch import Batch
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.synner import SynNER

SPAN_WIDTHS = (6, 10, 16)
"""Tokens of the widest candidate span."""


@dataclass(frozen=True)
class TokenMemory:
    """Bytes that each token of a batch takes at the peak.

    Attributes:
        head: crf or span.
        max_width: Tokens of the widest candidate span; None where the head has no candidates.
        training: Forward and backward, the whole model.
        prediction: Forward and decoding, the whole model.
        head_training: Forward and backward of the head alone.
        head_prediction: Decoding of the head alone.
    """

    head: str
    max_width: int | None
    training: float
    prediction: float
    head_training: float
    head_prediction: float


def measure_token_memory(
    encoder: str, sentences: Sequence[Sentence], widths: Sequence[int] = SPAN_WIDTHS
) -> list[TokenMemory]:
    """Weigh the default model with each head on a CPU.

    Args:
        encoder: Hub id or folder of a transformer, or another kind of encoder.
        sentences: Of the batch, with trees and entities.
        widths: Of the span head's widest candidates, one after the other.
    """
    kinds: list[tuple[str, int | None]] = [("crf", None), *(("span", width) for width in widths)]
    return [_weighed(encoder, head, width, sentences) for head, width in kinds]


def sentences_of(dataset: str, data_dir: Path | None, number: int) -> tuple[Sentence, ...]:
    """Draw sentences from the training split of a corpus.

    Raises:
        InputError: The corpus cannot be read.
    """
    data = DataConfig(dataset=dataset, data_dir=data_dir, train_subset=number)
    return corpus_of(data, ("train",)).splits["train"]


def _weighed(
    encoder: str, head: str, width: int | None, sentences: Sequence[Sentence]
) -> TokenMemory:
    chosen: dict[str, Any] = {"encoder.name": encoder, "head.name": head, "training.seed": SEED}
    if width is not None:
        chosen["head.max_width"] = width
    torch.manual_seed(SEED)
    config = load_config(overrides=chosen)
    ner = new_recogniser(config, sentences, "auto", torch.device("cpu"), "auto")
    batches = [ner.model.collator([*sentences] * times) for times in (1, 2)]
    states = [_states(ner, batch) for batch in batches]
    tokens = len(states[0])

    def per_token(work: Callable[[int], object]) -> float:
        for number in (0, 1):
            work(number)  # what is kept for later is made the first time
        once, twice = (peak_bytes(partial(work, number)) for number in (0, 1))
        return (twice - once) / tokens

    return TokenMemory(
        head,
        width,
        training=per_token(lambda number: _learn(ner, batches[number])),
        prediction=per_token(lambda number: _predict(ner, batches[number])),
        head_training=per_token(lambda number: _learn_head(ner, batches[number], states[number])),
        head_prediction=per_token(
            lambda number: _predict_head(ner, batches[number], states[number])
        ),
    )


@torch.inference_mode()
def _states(ner: SynNER, batch: Batch) -> Tensor:
    """Compute what the head reads. *Shape:* [N, C]"""
    return ner.model.eval().states(batch).clone()


def _learn(ner: SynNER, batch: Batch) -> None:
    ner.model.train()
    ner.model(batch).backward()
    ner.model.zero_grad()


@torch.inference_mode()
def _predict(ner: SynNER, batch: Batch) -> None:
    ner.model.eval().decode(batch)


def _learn_head(ner: SynNER, batch: Batch, states: Tensor) -> None:
    head = ner.model.train().head
    h = states.clone().requires_grad_()
    loss: Any = head.loss(h, batch.graph.offsets, batch.gold, batch.marks)
    loss.backward()
    ner.model.zero_grad()


@torch.inference_mode()
def _predict_head(ner: SynNER, batch: Batch, states: Tensor) -> None:
    ner.model.eval().head.decode(states, batch.graph.offsets, batch.marks)


def rows(found: Sequence[TokenMemory]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table: head, widest span, and kB a token."""
    for one in found:
        bytes_ = (one.training, one.prediction, one.head_training, one.head_prediction)
        width = "" if one.max_width is None else str(one.max_width)
        yield (one.head, width, *(f"{number / 1e3:.1f}" for number in bytes_))
