"""Blocks of sentences: named together, and written as bytes that can be joined."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from synner_graph.data.batching import BATCHES, by_sentences, by_size, windows
from synner_graph.data.documents import whole
from synner_graph.data.formats import LINE_FORMATS, lines_of
from synner_graph.data.sentence import Sentence
from synner_graph.parsers.base import Parser
from synner_graph.recogniser.recogniser import Recogniser
from synner_graph.text.blocks import Written, digest_of

Units = Sequence[Sequence[Sentence]]


@dataclass(frozen=True)
class SentenceBlock:
    """Sentences that are named together.

    Attributes:
        number: That of the first sentence, from 1.
        units: The sentences, those together that are read together.
        before: The document of the sentence before them.
        is_last: Whether no sentence follows.
    """

    number: int
    units: Units
    before: str | None
    is_last: bool

    @property
    def size(self) -> int:
        """How many sentences it has."""
        return sum(map(len, self.units))

    @property
    def position(self) -> int:
        """Bytes of the source up to its end: not known, so 0."""
        return 0

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was read, its end included."""
        return digest_of((*chain.from_iterable(self.units), self.is_last))


def together(units: Iterable[Sequence[Sentence]], batch_size: int) -> Iterator[Units]:
    """Cut sentences into what is named together; scores may depend on it in their last digits.

    Args:
        units: As `Recogniser.units` gives them.
        batch_size: Sentences in a batch.
    """
    return windows(units, batch_size * BATCHES)


def sentence_blocks(
    units: Iterable[Sequence[Sentence]], batch_size: int
) -> Iterator[SentenceBlock]:
    """Cut sentences into blocks, as `predict` names them.

    Args:
        units: As `Recogniser.units` gives them.
        batch_size: Sentences in a batch.
    """
    number, before = 1, None
    parts = together(units, batch_size)
    part = next(parts, None)
    while part is not None:
        following = next(parts, None)
        block = SentenceBlock(number, part, before, following is None)
        yield block
        number += block.size
        before = whole(part[-1][-1]).document
        part = following


class SentenceNamer:
    """Parses and names the sentences of a block, in batches of similar length.

    Args:
        ner: Names them.
        parser: Gives all of them new trees; None leaves those that they have.
        batch_size: Sentences in a batch.
        candidates: The least probability of the candidates; None for no candidates.

    Attributes:
        unknown: How often each dependency relation came that the model does not know.
    """

    def __init__(
        self, ner: Recogniser, parser: Parser | None, batch_size: int, candidates: float | None
    ) -> None:
        self.ner = ner
        self.parser = parser
        self.batch_size = batch_size
        self.candidates = candidates
        self.unknown: Counter[str] = Counter()

    def named(self, units: Units) -> Iterator[Sentence]:
        """Yield the sentences of a block with their entities, in order."""
        parsed = iter(self._parsed(chain.from_iterable(units)))
        rows = [list(islice(parsed, len(unit))) for unit in units]
        batches = by_sentences(rows, self.batch_size)
        yield from self.ner.name(rows, batches, self.unknown, self.candidates)

    def _parsed(self, sentences: Iterable[Sentence]) -> Iterable[Sentence]:
        if self.parser is None:
            return self.ner.with_trees(sentences)
        return chain.from_iterable(map(self.parser.parse, by_size(sentences, self.batch_size)))


class SentenceWork:
    """Names the sentences of a block and writes them; see `Work`.

    Args:
        namer: Names them.
        format: A name in `LINE_FORMATS`.
        scheme: Tag scheme, as `scheme_of` gives it.
        name: Of the output, for errors.
    """

    def __init__(self, namer: SentenceNamer, format: str, scheme: str, name: str) -> None:
        self.namer = namer
        self.format = LINE_FORMATS[format]
        self.scheme = scheme
        self.name = name

    @property
    def unknown(self) -> Counter[str]:
        """See `Work`."""
        return self.namer.unknown

    def __call__(self, block: SentenceBlock) -> Written:
        """Name and write a block."""
        named = self.namer.named(block.units)
        place = (self.name, block.number, block.before, block.is_last)
        return Written("".join(lines_of(named, self.format, self.scheme, *place)).encode())
