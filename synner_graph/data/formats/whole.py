"""Formats whose files hold whole documents: texts with entities by character, or Docs of spaCy."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from synner_graph.data.documents import text_of
from synner_graph.data.formats.lines import Stream
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.segmentation.blanks import parted
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Sentence


class Record(NamedTuple):
    """What a file has of one document.

    Attributes:
        line: Where it begins, from 1; in a file without lines the number of the record.
        number: Of the record, from 1.
        content: As the format has it.
    """

    line: int
    number: int
    content: Any


class Span(NamedTuple):
    """An entity by its characters: `start` up to, not including, `end` of a text."""

    start: int
    end: int
    label: str
    score: float | None = None


@dataclass(frozen=True)
class Document:
    """A text with its sentences, on the way to a file.

    Attributes:
        text: As it was given.
        segments: Its sentences, each with the character at which its text begins.
        name: The id of the document; None where it has none.
        fields: What else is to be written of it, by name, each as JSON.
        score: How sure a model is of the whole; None where none is asked.
    """

    text: str
    segments: Sequence[Segment]
    name: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    score: float | None = None

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "Document":
        """Join the sentences of a document; tokens without a text get blanks between them."""
        placed = [s if s.offsets is not None else parted(s) for s in sentences]
        text, starts = text_of(placed)
        segments = [Segment(*pair) for pair in zip(starts, placed, strict=True)]
        return cls(text, segments, placed[0].document)

    @property
    def spans(self) -> list[Span]:
        """The entities of all sentences, in order."""
        found = []
        for start, sentence in self.segments:
            assert sentence.offsets is not None
            for entity in sentence.entities:
                first = start + sentence.offsets[entity.start][0]
                end = start + sentence.offsets[entity.end - 1][1]
                found.append(Span(first, end, entity.label, entity.score))
        return found


class DocumentWriter(ABC):
    """Writes documents to one file."""

    @abstractmethod
    def add(self, document: Document) -> bytes:
        """Return what the file has of a document, as far as it is known before the last one.

        Raises:
            InputError: The format cannot hold it.
        """

    def finish(self) -> bytes:
        """Return what the file has behind the last document."""
        return b""


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A file format of documents.

    Attributes:
        records: Cuts a file into records.
        read: A record -> its sentences.
        writer: Makes a writer for one file.
        has_texts: A record is a text with entities by character, which a model can read anew.
        holds: Which columns of sentences it keeps.
        scheme: Empty, as entities are not written as tags.
    """

    records: Callable[[Stream], Iterator[Record]]
    read: Callable[[Record, ReadOptions], list[Sentence]]
    writer: Callable[[], DocumentWriter]
    has_texts: bool
    holds: frozenset[str] = frozenset()
    scheme: str = ""
