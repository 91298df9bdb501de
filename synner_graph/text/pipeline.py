"""Texts in, named sentences out: in order, a bounded number of them at a time."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from synner_graph.data.sentence import Sentence
from synner_graph.parsers.base import Parser
from synner_graph.text.segment import Segment, Segmenter

BUDGET = 4096
"""Tokens in a batch, its sentences counted as long as the longest."""

CHUNK = 100_000
"""Characters of text that are named together; a longer text is a chunk of its own."""


class Namer(Protocol):
    """What finds the entities of parsed sentences: `SynNER`."""

    def stream(
        self,
        sentences: Iterable[Sentence],
        batch_size: int = ...,
        window: int = ...,
        unknown: Counter[str] | None = ...,
    ) -> Iterator[Sentence]:
        """The sentences with their entities."""


class TextPipeline:
    """Cuts texts into sentences, parses and names them, in batches of sentences of like length.

    What is batched together follows from the texts of one chunk alone, so that a chunk gives the
    same scores, to the last digit, whatever was before it.

    Args:
        segmenter: Finds tokens and sentences.
        namer: Finds entities.
        parser: Gives the sentences trees; None where the model reads none, or makes its own.
        budget: Tokens in a batch; see `batches`.

    Attributes:
        unknown: How often each dependency relation came that the model does not know.
    """

    def __init__(
        self, segmenter: Segmenter, namer: Namer, parser: Parser | None, budget: int = BUDGET
    ) -> None:
        self.segmenter = segmenter
        self.namer = namer
        self.parser = parser
        self.budget = budget
        self.unknown: Counter[str] = Counter()

    def chunk(self, texts: Sequence[str]) -> Iterator[Iterator[Segment]]:
        """The named sentences of each text, to be read before those of the next are asked for."""
        named = self._named(texts)
        following = next(named, None)

        def of(number: int) -> Iterator[Segment]:
            nonlocal following
            while following is not None and following[0] == number:
                segment = following[1]
                following = next(named, None)
                yield segment

        for number in range(len(texts)):
            segments = of(number)
            yield segments
            deque(segments, maxlen=0)  # what the caller left

    def _named(self, texts: Sequence[str]) -> Iterator[tuple[int, Segment]]:
        """Every sentence with the number of its text."""
        window: list[tuple[int, Segment]] = []
        tokens = 0
        for number, text in enumerate(texts):
            for segment in self.segmenter(text, document=str(number + 1)):
                window.append((number, segment))
                tokens += _cost(segment.sentence)
                if tokens >= 8 * self.budget:  # so many batches are sorted by length together
                    yield from self._name(window)
                    window, tokens = [], 0
        yield from self._name(window)

    def _name(self, window: Sequence[tuple[int, Segment]]) -> Iterator[tuple[int, Segment]]:
        named = self.name([segment.sentence for _, segment in window])
        for (number, segment), sentence in zip(window, named, strict=True):
            yield number, Segment(segment.start, sentence)

    def name(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        """Sentences that are cut already, parsed and named, in order."""
        sentences = list(sentences)
        for rows in batches([_cost(sentence) for sentence in sentences], self.budget):
            batch = [sentences[row] for row in rows]
            if self.parser is not None:
                batch = self.parser.parse(batch)
            named = self.namer.stream(batch, len(batch), unknown=self.unknown)
            for row, sentence in zip(rows, named, strict=True):
                sentences[row] = sentence
        yield from sentences


Item = TypeVar("Item")


def chunks(
    items: Iterable[Item], text_of: Callable[[Item], str], size: int = CHUNK
) -> Iterator[list[Item]]:
    """Texts that are named together: as many as `size` characters need."""
    chunk: list[Item] = []
    length = 0
    for item in items:
        chunk.append(item)
        length += len(text_of(item)) + 1
        if length >= size:
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def batches(costs: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions of all costs, cheap ones first, in groups of which size times dearest is in budget.

    What alone is beyond the budget is a group of its own.
    """
    batch: list[int] = []
    for position in sorted(range(len(costs)), key=lambda i: costs[i]):
        if batch and (len(batch) + 1) * costs[position] > budget:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _cost(sentence: Sentence) -> int:
    """Its tokens, long ones counted as several: they have as many more pieces and characters."""
    return max(len(sentence), len(sentence.text or "") // 6)
