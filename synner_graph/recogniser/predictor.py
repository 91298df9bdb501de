"""Predictor: the entities and trees that a model finds in sentences, batch by batch."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice

import torch
from torch import Tensor

from synner_graph.data.batching import by_sentences, windows
from synner_graph.data.documents import parts, whole
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError, suggest
from synner_graph.graph.backends import GraphBackend
from synner_graph.graph.tensors import Tensors
from synner_graph.model.network import SynNERModel
from synner_graph.recogniser.thresholds import NO_THRESHOLDS, Thresholds

LONGEST = 2000
"""Tokens of a document that are read together; longer ones are read in parts."""


class Predictor:
    """Puts sentences through a model.

    Args:
        model: The network.
        device: Where it runs.
    """

    def __init__(self, model: SynNERModel, device: torch.device | str = "cpu") -> None:
        self.model = model.to(device)
        self.device = torch.device(device)
        self._thresholds = NO_THRESHOLDS

    @property
    def backend(self) -> GraphBackend:
        """What passes the messages."""
        return self.model.backend

    @property
    def thresholds(self) -> Thresholds:
        """The least scores of entities that are found; set them to leave out what scores less.

        Raises:
            InputError: A label is unknown.
        """
        return self._thresholds

    @thresholds.setter
    def thresholds(self, thresholds: Thresholds) -> None:
        for label in thresholds.by_label:
            if label not in self.model.head.labels:
                hint = suggest(label, self.model.head.labels)
                raise InputError(f"Unknown label {label!r}.{hint}")
        self._thresholds = thresholds

    def predict(self, sentences: Iterable[Sentence], batch_size: int = 32) -> list[Sentence]:
        """Return the sentences with the entities that the model finds, each with its score."""
        return list(self.stream(sentences, batch_size))

    def stream(
        self,
        sentences: Iterable[Sentence],
        batch_size: int = 32,
        window: int = 64,
        unknown: Counter[str] | None = None,
        candidates: float | None = None,
    ) -> Iterator[Sentence]:
        """Predict lazily and in order, holding `window` batches at a time.

        Within a window the sentences, or documents where the model reads across sentences, are
        grouped by length, which saves padding. Dependency relations that the model does not know
        are added to `unknown`. Sentences without a tree get that of the model's own parser, or of
        the one that it was trained on, if it has one. `candidates` asks for `Sentence.candidates`
        of at least that probability.
        """
        for units in windows(self.units(self.with_trees(sentences)), batch_size * window):
            yield from self.name(units, by_sentences(units, batch_size), unknown, candidates)

    def with_trees(self, sentences: Iterable[Sentence]) -> Iterable[Sentence]:
        """The sentences, those without a tree with that of a parser outside of the model."""
        return sentences

    def candidates(
        self, sentences: Iterable[Sentence], threshold: float = 0.001, batch_size: int = 32
    ) -> list[list[Entity]]:
        """Every span that may be an entity, by the probability that the model gives it.

        With the CRF head it is the exact posterior of the span and its label, with the span head
        the softmax over the labels of the span: the score that the span has where it is predicted.

        Args:
            sentences: As for `predict`.
            threshold: The least probability, from 0 to 1.
            batch_size: Sentences read at once.

        Returns:
            The spans of each sentence, ordered by start, end and label; they may share tokens.

        Raises:
            InputError: The threshold is not a probability.
        """
        if not 0 <= threshold <= 1:
            raise InputError(f"expected a threshold from 0 to 1, got {threshold}")
        found = self.stream(sentences, batch_size, candidates=threshold)
        return [list(sentence.candidates or ()) for sentence in found]

    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        """Yield what must be read together: each sentence alone, or the sentences of a document.

        Documents beyond LONGEST tokens are cut into parts.
        """
        if self.model.reads_documents:
            return parts(sentences, LONGEST)
        return ([sentence] for sentence in sentences)

    def name(
        self,
        units: Sequence[Sequence[Sentence]],
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
        candidates: float | None = None,
    ) -> Iterator[Sentence]:
        """Yield the sentences of some units with their entities, in order.

        Args:
            units: As `Predictor.units` gives them.
            batches: Rows of units that are read at once; each row is in one.
            unknown: Takes the dependency relations that the model does not know.
            candidates: The least probability of the candidates; None for no candidates.
        """
        if unknown is not None:
            unknown.update(self.model.collator.unknown_relations(chain.from_iterable(units)))
        found: dict[int, list[Sentence]] = {}
        for rows in batches:
            named = iter(self._decode([s for row in rows for s in units[row]], candidates))
            found |= {row: list(islice(named, len(units[row]))) for row in rows}
        yield from (whole(sentence) for row in range(len(units)) for sentence in found[row])

    def trees(self, sentences: Sequence[Sentence], batch_size: int = 32) -> list[Tree]:
        """Return the trees that the model's own parser gives to sentences, parsed or not."""
        units = list(self.units(sentences))
        found: dict[int, list[Tree]] = {}
        for rows in by_sentences(units, batch_size):
            batch = [sentence for row in rows for sentence in units[row]]
            trees = iter(self._parse(batch, self._features(self.model.collator.inputs(batch))))
            found |= {row: list(islice(trees, len(units[row]))) for row in rows}
        return [tree for row in range(len(units)) for tree in found[row]]

    @torch.inference_mode()
    def _decode(self, sentences: Sequence[Sentence], threshold: float | None) -> list[Sentence]:
        """Find the entities of a batch; parser and head read the same features."""
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
        head, h, offsets = self.model.head, self.model.read(x, graph), graph.offsets
        marks = marks and marks.to(self.device)
        found = head.decode(h, offsets, marks)
        likely: Sequence[list[Entity] | None] = [None] * len(sentences)
        if threshold is not None:
            likely = head.candidates(h, offsets, threshold, marks)
        return [
            sentence.replace(entities=self._thresholds.keep(entities), candidates=candidates)
            for sentence, entities, candidates in zip(sentences, found, likely, strict=True)
        ]

    @torch.inference_mode()
    def _features(self, inputs: Tensors) -> Tensor:
        """Compute token features from what the encoder reads. *Shape:* [N, D]"""
        self.model.eval()
        return self.model.features(inputs.to(self.device))

    @torch.inference_mode()
    def _parse(self, sentences: Sequence[Sentence], x: Tensor) -> list[Tree]:
        """Parse a batch, given its features."""
        assert self.model.parser is not None
        lengths = [len(sentence) for sentence in sentences]
        return self.model.parser.decode(x, torch.tensor([0, *accumulate(lengths)]))
