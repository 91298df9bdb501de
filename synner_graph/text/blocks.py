"""Blocks of texts: named together, and written as bytes that can be joined."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import NamedTuple

from synner_graph.text.pipeline import TextPipeline, chunks
from synner_graph.text.sources import Record
from synner_graph.text.writers import Writer


class Written(NamedTuple):
    """A block as it stands in the output.

    Attributes:
        content: Its lines.
        replaced: Texts with lone surrogates, for which U+FFFD was written.
    """

    content: bytes
    replaced: int = 0


@dataclass(frozen=True)
class TextBlock:
    """Texts that are named together.

    Attributes:
        number: That of the first text, from 1.
        records: The texts, and what goes with them.
    """

    number: int
    records: Sequence[Record]

    @property
    def size(self) -> int:
        """How many texts it has."""
        return len(self.records)

    @property
    def position(self) -> int:
        """Bytes of the source up to its end."""
        return self.records[-1].position

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was read."""
        return digest_of(record.fields for record in self.records)


def digest_of(rows: Iterable[object]) -> bytes:
    """Return the SHA-256 of rows by what `repr` tells of them."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row!r}\n".encode("utf-8", "surrogatepass"))
    return digest.digest()


def text_blocks(records: Iterable[Record]) -> Iterator[TextBlock]:
    """Cut texts into blocks, as `predict` names them."""
    number = 1
    for part in chunks(records, lambda record: record.text):
        yield TextBlock(number, part)
        number += len(part)


class TextWork:
    """Names the texts of a block and writes them; see `Work`.

    Args:
        pipeline: Names them.
        writer: Writes each of them by itself.
    """

    def __init__(self, pipeline: TextPipeline, writer: Writer) -> None:
        self.pipeline = pipeline
        self.writer = writer

    @property
    def unknown(self) -> Counter[str]:
        """See `Work`."""
        return self.pipeline.unknown

    def __call__(self, block: TextBlock) -> Written:
        """Name and write a block."""
        named = self.pipeline.chunk([record.text for record in block.records])
        rows = zip(count(block.number), block.records, named)
        lines = chain.from_iterable(self.writer.write(*row) for row in rows)
        content = "".join(lines).encode()
        replaced, self.writer.replaced = self.writer.replaced, 0
        return Written(content, replaced)
