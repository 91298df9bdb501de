"""Write parsed files once; comments in them name their parser and their source."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from synner_graph.data.formats import read_sentences, write_sentences
from synner_graph.data.formats.lines import name_of
from synner_graph.data.sentence import ConlluExtra, Sentence
from synner_graph.errors import InputError
from synner_graph.parsers.base import Parser

PARSER_LINE = "# parser ="
SOURCE_LINE = "# parsed_from = sha256:"
FORMAT = "conllu"


@dataclass(frozen=True)
class ParsedFile:
    """The outcome of `parse_file`.

    Attributes:
        sentences: How many were parsed; None if the file held them already.
    """

    path: Path
    sentences: int | None


def parse_file(
    source: Path,
    target: Path,
    parser: Parser,
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
) -> ParsedFile:
    """Write the sentences of a file with the trees of a parser as CoNLL-U.

    Nothing is done where the target says that it was made by this parser, in this version, from a
    file of the same content. What trees the source has are replaced.

    Args:
        source: The file to read; see `read_sentences` for it and the options.
        target: The file to write.

    Raises:
        InputError: The source cannot be read or parsed, or the target not written.
    """
    stamp = (
        f"{PARSER_LINE} {parser.name} {parser.version}",
        f"{SOURCE_LINE}{_digest(source, format, scheme, repair)}",
    )
    if _stamp_of(target) == stamp:
        return ParsedFile(target, None)
    sentences = read_sentences(source, format, scheme=scheme, repair=repair, multiple_roots=True)
    parsed = _parsed(sentences, parser)
    first = next(parsed)
    count = write_sentences(target, chain([_stamped(first, stamp)], parsed), FORMAT)
    return ParsedFile(target, count)


def _parsed(
    sentences: Iterable[Sentence], parser: Parser, window: int = 1024
) -> Iterator[Sentence]:
    """Parse lazily and in order, holding `window` sentences at a time."""
    iterator = iter(sentences)
    while chunk := list(islice(iterator, window)):
        yield from parser.parse(chunk)


def _digest(source: Path, *how: object) -> str:
    try:
        with open(source, "rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise InputError(f"cannot read {name_of(source)}: {error.strerror}") from error
    digest.update(repr(how).encode())
    return digest.hexdigest()


def _stamp_of(target: Path) -> tuple[str, ...]:
    """Read the comment lines by which a file names its parser and source."""
    found = []
    if target.is_file():
        with open(target, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.startswith("#"):
                    break
                if line.startswith((PARSER_LINE, SOURCE_LINE)):
                    found.append(line.rstrip("\n"))
    return tuple(found)


def _stamped(sentence: Sentence, stamp: tuple[str, ...]) -> Sentence:
    """Put such comments in place of those that the sentence has."""
    extra = sentence.extra or ConlluExtra()
    others = (c for c in extra.comments if not c.startswith((PARSER_LINE, SOURCE_LINE)))
    return sentence.replace(extra=replace(extra, comments=(*others, *stamp)))
