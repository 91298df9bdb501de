"""Recogniser: what names the entities of sentences and texts, one model or several."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from synner_graph.config import TextConfig
from synner_graph.data.batching import BATCH_SIZE, BATCHES, by_sentences, windows
from synner_graph.data.dictionary import Dictionary
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError, suggest
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.parsers import RUN, Parser
from synner_graph.recogniser.thresholds import NO_THRESHOLDS, Thresholds
from synner_graph.text.document import Doc
from synner_graph.text.pipeline import BUDGET, CHUNK, TextPipeline, chunks

PROBABLE = 0.001
"""Spans of at least this probability are candidates, unless another threshold is asked for."""


class Recogniser(ABC):
    """Names entities. `SynNER` does, and so does a combination of several."""

    _thresholds: Thresholds = NO_THRESHOLDS
    _dictionary: Dictionary | None = None

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """The labels that it can give."""

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
            if label not in self.labels:
                hint = suggest(label, self.labels)
                raise InputError(f"Unknown label {label!r}.{hint}")
        self._thresholds = thresholds

    @property
    def dictionary(self) -> Dictionary | None:
        """Phrases that are forced to be entities, forbidden to be, or favoured; set it to use them.

        It holds for all threads from the next batch on, and scores are those of the model that is
        left under its rules.

        Raises:
            InputError: It has a label that is unknown, or the recogniser cannot follow it.
        """
        return self._dictionary

    @dictionary.setter
    def dictionary(self, dictionary: Dictionary | None) -> None:
        if dictionary is not None:
            self._check_dictionary(dictionary)
        self._dictionary = dictionary

    def _check_dictionary(self, dictionary: Dictionary) -> None:
        dictionary.check_labels(self.labels)

    @property
    def text_config(self) -> TextConfig:
        """How texts are cut into tokens and sentences."""
        return TextConfig()

    @abstractmethod
    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        """Cut sentences into what must be read together."""

    @abstractmethod
    def name(
        self,
        units: Sequence[Sequence[Sentence]],
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = None,
        candidates: float | None = None,
    ) -> Iterator[Sentence]:
        """Yield the sentences of some units with their entities, in order.

        Args:
            units: As `units` gives them.
            batches: Rows of units that are read at once; each row is in one.
            unknown: Takes the dependency relations that are not known.
            candidates: The least probability of the candidates; None for no candidates.
        """

    @abstractmethod
    def pipeline(self, parser: str = RUN, budget: int = BUDGET) -> TextPipeline:
        """Return what cuts texts into sentences and names them; one for each parser and budget.

        Args:
            parser: Where trees come from, if any are read; see `load_parser`.
            budget: Tokens in a batch.

        Raises:
            InputError: There is no such parser, or none is stored with the run.
        """

    @abstractmethod
    def graph(self, sentences: Sequence[Sentence]) -> TokenGraph:
        """Sentences as the one graph that is read of them.

        Raises:
            InputError: A tree that is read is missing, or there is not one graph.
        """

    @abstractmethod
    def chosen_parser(self, name: str) -> Parser:
        """The parser of that name: see `load_parser`.

        Raises:
            InputError: There is none.
        """

    @abstractmethod
    def tree_notes(self, parser: Parser) -> list[str]:
        """Say what should be known before it reads the trees of a parser."""

    @abstractmethod
    def use_features(self, path: Path) -> None:
        """Read precomputed features from a file from now on.

        Raises:
            InputError: No model reads any, or the file cannot be read.
        """

    @abstractmethod
    def refuse_long_sentences(self, refuse: bool = True) -> None:
        """Decide whether a sentence that takes a transformer several windows is an error."""

    def predict(
        self, sentences: Iterable[Sentence], batch_size: int = BATCH_SIZE
    ) -> list[Sentence]:
        """Return the sentences with the entities that are found, each with its score."""
        return list(self.stream(sentences, batch_size))

    def stream(
        self,
        sentences: Iterable[Sentence],
        batch_size: int = BATCH_SIZE,
        window: int = BATCHES,
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
        self,
        sentences: Iterable[Sentence],
        threshold: float = PROBABLE,
        batch_size: int = BATCH_SIZE,
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

    def __call__(self, text: str, parser: str = RUN) -> Doc:
        """Find the sentences and the entities of a text.

        Args:
            text: Any text.
            parser: Where trees come from, if any are read; see `load_parser`.

        Raises:
            InputError: There is no such parser, or none is stored with the run.
        """
        return next(self.pipe([text], parser))

    def pipe(
        self, texts: Iterable[str], parser: str = RUN, characters: int = CHUNK
    ) -> Iterator[Doc]:
        """Yield texts with their entities, lazily and in order.

        Args:
            texts: Any texts.
            parser: Where trees come from, if any are read; see `load_parser`.
            characters: How many are read ahead, to batch sentences of similar length.

        Raises:
            InputError: There is no such parser, or none is stored with the run.
        """
        pipeline = self.pipeline(parser)
        for chunk in chunks(texts, str, characters):
            for text, segments in zip(chunk, pipeline.chunk(chunk), strict=True):
                yield Doc(text, tuple(segments), self.graph)
