"""Turn texts into named sentences: in order, a bounded number at a time."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from synner_graph.data.batching import by_cost
from synner_graph.data.segmentation.segment import Segment, Segmenter
from synner_graph.data.sentence import Sentence
from synner_graph.parsers.base import Parser

Item = TypeVar("Item")

BUDGET = 4096
"""Tokens in a batch, its units counted as long as the longest."""

CHUNK = 100_000
"""Characters of text that are named together; a longer text is a chunk of its own."""


class Namer(Protocol):
    """Finds the entities of parsed sentences: `SynNER` does."""

    def units(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        """Cut sentences into what must be read together."""

    def name(
        self,
        units: Sequence[Sequence[Sentence]],
        batches: Iterable[Sequence[int]],
        unknown: Counter[str] | None = ...,
    ) -> Iterator[Sentence]:
        """Return the sentences of the units with their entities, in order."""


class TextPipeline:
    """Cuts texts into sentences, parses and names them in batches of similar length.

    What is batched together follows from the texts of one chunk alone, so that a chunk gives the
    same scores, to the last digit, whatever was before it.

    Args:
        segmenter: Finds tokens and sentences.
        namer: Finds entities.
        parser: Gives the sentences trees; None where the model reads none, or makes its own.
        budget: Tokens in a batch; see `by_cost`.

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

    def __call__(self, texts: Sequence[str]) -> list[list[Segment]]:
        """Return the named sentences of each text: the work of an engine, see `Work`."""
        return [list(segments) for segments in self.chunk(texts)]

    def chunk(self, texts: Sequence[str]) -> Iterator[Iterator[Segment]]:
        """Yield the named sentences of each text; read them before those of the next text."""
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

    def parts(
        self, parts: Iterable[list[Item]], text_of: Callable[[Item], str]
    ) -> Iterator[tuple[list[Item], Iterator[Iterator[Segment]]]]:
        """Yield each chunk with the named sentences of each of its texts; see `chunk`.

        Args:
            parts: Chunks of texts, and what goes with them.
            text_of: The text of an item.
        """
        for part in parts:
            yield part, self.chunk([text_of(item) for item in part])

    def _named(self, texts: Sequence[str]) -> Iterator[tuple[int, Segment]]:
        """Yield every sentence with the number of its text."""
        places: deque[tuple[int, int]] = deque()  # number of the text, first character

        def sentences() -> Iterator[Sentence]:
            for number, text in enumerate(texts):
                for start, sentence in self.segmenter(text, document=str(number + 1)):
                    places.append((number, start))
                    yield sentence

        for sentence in self.name(sentences()):
            number, start = places.popleft()
            yield number, Segment(start, sentence)

    def name(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        """Parse and name sentences, lazily and in order."""
        window: list[list[Sentence]] = []
        tokens = 0
        for unit in self.namer.units(sentences):
            window.append(unit)
            tokens += cost(unit)
            if tokens >= 8 * self.budget:  # what is sorted by length together
                yield from self.name_units(window)
                window, tokens = [], 0
        yield from self.name_units(window)

    def name_units(self, units: Sequence[list[Sentence]]) -> Iterator[Sentence]:
        """Parse and name the sentences of some units, in batches of similar length."""
        units = list(units)
        batches = list(by_cost([cost(unit) for unit in units], self.budget))
        if self.parser is not None:
            for rows in batches:
                parsed = iter(self.parser.parse([s for row in rows for s in units[row]]))
                for row in rows:
                    units[row] = list(islice(parsed, len(units[row])))
        yield from self.namer.name(units, batches, self.unknown)


def chunks(
    items: Iterable[Item],
    text_of: Callable[[Item], str],
    size: int = CHUNK,
    pauses: Callable[[], bool] = lambda: False,
) -> Iterator[list[Item]]:
    """Group texts that are named together: about `size` characters, fewer before a pause.

    Args:
        items: Texts, and what goes with them.
        text_of: The text of an item.
        size: Characters.
        pauses: Whether the next item is long in coming; asked behind each that ends no group.
    """
    chunk: list[Item] = []
    length = 0
    for item in items:
        chunk.append(item)
        length += len(text_of(item)) + 1
        if length >= size or pauses():
            yield chunk
            chunk, length = [], 0
    if chunk:
        yield chunk


def cost(unit: Iterable[Sentence]) -> int:
    """Count the tokens of a sentence; a long token counts as several."""
    return sum(max(len(sentence), len(sentence.text or "") // 6) for sentence in unit)
