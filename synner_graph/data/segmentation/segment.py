"""Cut a raw text into unparsed sentences that know their place in it."""

from collections.abc import Iterator
from typing import NamedTuple

from synner_graph.data.segmentation.split import Splitter
from synner_graph.data.segmentation.tokenize import Tokenizer
from synner_graph.data.sentence import Sentence


class Segment(NamedTuple):
    """A sentence of a text.

    Attributes:
        start: The character of the text at which it begins.
        sentence: Its `text` is a slice of the text, and `offsets` point into that slice.
    """

    start: int
    sentence: Sentence


class Segmenter:
    """Tokenizer and sentence splitter.

    Args:
        tokenizer: Gives the tokens of a text.
        splitter: Puts them together to sentences.
    """

    def __init__(self, tokenizer: Tokenizer, splitter: Splitter) -> None:
        self.tokenizer = tokenizer
        self.splitter = splitter

    def __call__(self, text: str, document: str | None = None) -> Iterator[Segment]:
        """Find the sentences of a text one by one, so that a long text is never held in tokens.

        Together they hold every character that is not white space, in order and once.

        Args:
            text: Any.
            document: What its sentences have as `document`.
        """
        for spans in self.splitter(text, self.tokenizer(text)):
            first = spans[0][0]
            sentence = Sentence(
                tokens=tuple(text[start:end] for start, end in spans),
                text=text[first : spans[-1][1]],
                offsets=tuple((start - first, end - first) for start, end in spans),
                document=document,
            )
            yield Segment(first, sentence)
