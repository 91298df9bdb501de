"""Predictor: the entities and trees that a model finds in sentences, batch by batch."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import torch
from torch import Tensor

from synner_graph.config import TextConfig
from synner_graph.data.batching import BATCH_SIZE, BATCHES, by_sentences, in_batches, windows
from synner_graph.data.characters import check_characters
from synner_graph.data.dictionary import Rules, SpanRule
from synner_graph.data.documents import parts, whole
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.trees import Tree
from synner_graph.encoders.precision import FLOAT32
from synner_graph.errors import InputError
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.tensors import Tensors
from synner_graph.model.network import SynNERModel
from synner_graph.recogniser.precision import choose_precision
from synner_graph.recogniser.recogniser import Recogniser

States = tuple[Tensor, Tensor, Any, Rules | None]
"""What a head reads of a batch: node states, offsets, marks, rules of a dictionary."""

LONGEST = 2000
"""Tokens of a document that are read together; longer ones are read in parts."""


def units_of(
    sentences: Iterable[Sentence], documents: bool, text: TextConfig
) -> Iterator[list[Sentence]]:
    """Cut sentences into documents of at most LONGEST tokens, or into single sentences.

    Raises:
        InputError: Text is read by characters, and a sentence has words.
    """
    if text.characters is not None:
        sentences = map(check_characters, sentences)
    return parts(sentences, LONGEST) if documents else ([sentence] for sentence in sentences)


class Predictor(Recogniser):
    """Puts sentences through a model.

    Args:
        model: The network.
        device: Where it runs.

    Attributes:
        precision: What its transformer computes in: float32, bfloat16 or int8.
        f1_by_precision: What the dev split said, in percent; empty if it was not asked.
    """

    f1_by_precision: Mapping[str, float]

    def __init__(self, model: SynNERModel, device: torch.device | str = "cpu") -> None:
        self.model = model.to(device)
        self.device = torch.device(device)
        self.precision = FLOAT32
        self.f1_by_precision = {}

    def compute_in(self, precision: str) -> None:
        """Let the transformer compute in this precision from now on: to predict, not to learn.

        Args:
            precision: float32, bfloat16, int8, or auto: bfloat16 or else int8, where the processor
                has instructions for it and F1 on dev was kept within 0.2 points; else float32.

        Raises:
            InputError: The precision is unknown, the device lacks it, there is no transformer that
                could have it, or float32 has been given up before.
        """
        chosen = choose_precision(precision, self.device, self.f1_by_precision)
        if chosen == self.precision:
            return
        if self.precision != FLOAT32:
            raise InputError(
                f"The transformer computes in {self.precision}, and what was rounded away is lost: "
                f"load the run again for {chosen}."
            )
        if not self.model.encoder.compute_in(chosen):
            raise InputError(
                f"The precision {chosen} is one of a transformer's linear maps, and the run has "
                f"none: choose {FLOAT32}."
            )
        self.precision = chosen

    @property
    def backend(self) -> GraphBackend:
        """What passes the messages."""
        return self.model.backend

    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        """Yield what must be read together: each sentence alone, or the sentences of a document.

        Documents beyond LONGEST tokens are cut into parts.
        """
        return units_of(sentences, self.model.reads_documents, self.text_config)

    def name(
        self,
        units: Sequence[Sequence[Sentence]],
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
        candidates: float | None = None,
    ) -> Iterator[Sentence]:
        """See `Recogniser.name`."""
        if unknown is not None:
            unknown.update(self.model.collator.unknown_relations(chain.from_iterable(units)))
        found = in_batches(units, batches, lambda batch: self._decode(batch, candidates))
        yield from map(whole, chain.from_iterable(found))

    def trees(self, sentences: Sequence[Sentence], batch_size: int = BATCH_SIZE) -> list[Tree]:
        """Return the trees that the model's own parser gives to sentences, parsed or not."""
        units = list(self.units(sentences))

        def parse(batch: list[Sentence]) -> list[Tree]:
            return self._parse(batch, self._features(self.model.collator.inputs(batch)))

        found = in_batches(units, by_sentences(units, batch_size), parse)
        return list(chain.from_iterable(found))

    def rules(self, sentences: Sequence[Sentence]) -> list[tuple[SpanRule, ...]] | None:
        """Return what the dictionary says of the spans of sentences; None without a dictionary."""
        if (dictionary := self.dictionary) is None:
            return None
        scope = self.model.head.scope
        return [dictionary.find(sentence.tokens, scope) for sentence in sentences]

    def scored(
        self, sentences: Iterable[Sentence], batch_size: int = BATCH_SIZE, window: int = BATCHES
    ) -> Iterator[tuple[Sentence, float]]:
        """Yield sentences as `stream` does, with the log-probability of all that is found in each.

        It is that of the best reading of the whole sentence, under the dictionary where there is
        one, and before any threshold.

        Args:
            sentences: As for `stream`.
            batch_size: Sentences read at once.
            window: Batches held at a time.
        """
        for units in windows(self.units(self.with_trees(sentences)), batch_size * window):
            found = in_batches(units, by_sentences(units, batch_size), self._score)
            for sentence, likely in chain.from_iterable(found):
                yield whole(sentence), likely

    def _decode(self, sentences: Sequence[Sentence], threshold: float | None) -> list[Sentence]:
        """Find the entities of a batch, and its candidates where a threshold is given."""
        sentences, states = self._read(sentences)
        return self._named(sentences, states, threshold)

    @torch.inference_mode()
    def _score(self, sentences: Sequence[Sentence]) -> list[tuple[Sentence, float]]:
        """Find the entities of a batch, and the log-probability of all in a sentence."""
        sentences, states = self._read(sentences)
        likely = self.model.head.best_log_probability(*states)
        return list(zip(self._named(sentences, states, None), likely, strict=True))

    @torch.inference_mode()
    def _named(
        self, sentences: Sequence[Sentence], states: States, threshold: float | None
    ) -> list[Sentence]:
        """Give the sentences of a batch what the head finds."""
        h, offsets, marks, rules = states
        found = self.model.head.decode(*states)
        likely: Sequence[list[Entity] | None] = [None] * len(sentences)
        if threshold is not None:
            likely = self.model.head.candidates(h, offsets, threshold, marks, rules)
        return [
            sentence.replace(entities=self._thresholds.keep(entities), candidates=candidates)
            for sentence, entities, candidates in zip(sentences, found, likely, strict=True)
        ]

    @torch.inference_mode()
    def _read(self, sentences: Sequence[Sentence]) -> tuple[Sequence[Sentence], States]:
        """Read a batch up to the head; parser and head read the same features."""
        collator = self.model.collator
        inputs = collator.inputs(sentences)
        marks = collator.marks(sentences, inputs)
        x = self._features(inputs)
        if self.model.parser is not None and any(s.heads is None for s in sentences):
            sentences = [
                sentence if sentence.heads else sentence.replace(heads=heads, relations=relations)
                for sentence, (heads, relations) in zip(
                    sentences, self._parse(sentences, x), strict=True
                )
            ]
        graph = self.model.soften(x, collator.graph(sentences).to(self.device))
        h = self.model.read(x, graph)
        marks = marks and marks.to(self.device)
        return sentences, (h, graph.offsets, marks, self.rules(sentences))

    @torch.inference_mode()
    def _features(self, inputs: Tensors) -> Tensor:
        """Compute token features from what the encoder reads. *Shape:* [N, D]"""
        if self.model.training:  # to ask every module takes milliseconds
            self.model.eval()
        return self.model.features(inputs.to(self.device))

    @torch.inference_mode()
    def _parse(self, sentences: Sequence[Sentence], x: Tensor) -> list[Tree]:
        """Parse a batch, given its features."""
        assert self.model.parser is not None
        lengths = [len(sentence) for sentence in sentences]
        return self.model.parser.decode(x, torch.tensor([0, *accumulate(lengths)]))
