"""The registry of file formats, and reading and writing by the name of a format."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from synner_graph.config import TextConfig
from synner_graph.data.documents import documents as by_document
from synner_graph.data.formats import (
    cluener,
    conll2003,
    conll2012,
    conllu,
    conllx,
    docbin,
    doccano,
    fewnerd,
    iob2,
    json_spans,
    label_studio,
    semeval2010,
    spanner,
    token_tag,
)
from synner_graph.data.formats.documents import mark
from synner_graph.data.formats.lines import (
    FormatError,
    Stream,
    name_of,
    read_blocks,
    writing,
    writing_bytes,
)
from synner_graph.data.formats.rows import Format, ReadOptions, ReadReport
from synner_graph.data.formats.whole import Document, DocumentFormat
from synner_graph.data.schemes import check_scheme
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError, suggest

__all__ = [
    "DOCUMENT_FORMATS",
    "FORMATS",
    "LINE_FORMATS",
    "FormatError",
    "ReadReport",
    "fitting",
    "format_of",
    "lines_of",
    "read_numbered",
    "read_sentences",
    "scheme_of",
    "write_sentences",
]

LINE_FORMATS: dict[str, Format] = {
    "conllx": conllx.FORMAT,
    "conllu": conllu.FORMAT,
    "conll2003": conll2003.FORMAT,
    "iob2": iob2.FORMAT,
    "conll2012": conll2012.FORMAT,
    "semeval2010": semeval2010.FORMAT,
    "bmes": token_tag.BMES,
    "wnut": token_tag.WNUT,
    "fewnerd": fewnerd.FORMAT,
    "jsonl": json_spans.FORMAT,
    "cluener": cluener.FORMAT,
    "spanner": spanner.TRUE_COLUMN,
    "spanner-predicted": spanner.PREDICTED_COLUMN,
    "spanner-spans": spanner.TRUE_SPANS,
    "spanner-spans-predicted": spanner.PREDICTED_SPANS,
}
"""Formats of sentences, in lines."""

DOCUMENT_FORMATS: dict[str, DocumentFormat] = {
    "spacy": docbin.FORMAT,
    "label-studio": label_studio.ANNOTATED,
    "label-studio-predicted": label_studio.PREDICTED,
    "doccano": doccano.FORMAT,
}
"""Formats of documents, whose files are written whole."""

FORMATS: dict[str, Format | DocumentFormat] = {**LINE_FORMATS, **DOCUMENT_FORMATS}

LENIENT = ("fewnerd", "spanner-spans", "spanner-spans-predicted")
"""Formats that also read much of what is not of them, such as plain text."""


def format_of(path: Stream, format: str | None = None) -> str:
    """Return the name of a file's format: the one given, else the suffix of the file's name.

    Raises:
        InputError: Neither is a known format.
    """
    name = format
    if name is None and isinstance(path, (str, Path)):
        name = Path(path).suffix.removeprefix(".")
    if name in FORMATS:
        return name
    if format is not None:
        raise InputError(f"expected a format, got {format!r}.{suggest(format, FORMATS)}")
    names = fitting(path) if isinstance(path, (str, Path)) else []
    found = f" (its first sentence can be read as {', '.join(names)})" if names else ""
    raise InputError(
        f"expected a file named .{', .'.join(FORMATS)}, got {name_of(path)}; "
        f"say --format NAME for any other{found}"
    )


def fitting(path: Path | str) -> list[str]:
    """Return the formats in which the first sentence of a file can be read; none for a pipe.

    Those that would read nearly anything are left out.
    """
    if not Path(path).is_file():
        return []
    names = []
    for name in FORMATS:
        if name not in LENIENT:
            with suppress(InputError):
                next(read_sentences(path, name, repair=True, multiple_roots=True))
                names.append(name)
    return names


def scheme_of(format: str, scheme: str | None = None) -> str:
    """Return the tagging scheme of a file: the one given, else the usual one of its format.

    Returns:
        A name in `SCHEMES`, or nothing where entities are not written as tags.

    Raises:
        InputError: It is unknown, or the format has no tags.
    """
    usual = FORMATS[format].scheme
    if scheme is None:
        return usual
    if not usual:
        raise InputError(f"expected no tagging scheme for {format}, which has no tags")
    return check_scheme(scheme)


def read_sentences(
    source: Stream,
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
    multiple_roots: bool = False,
    report: ReadReport | None = None,
    text: TextConfig | None = None,
) -> Iterator[Sentence]:
    """Read the sentences of a file, one at a time.

    Args:
        source: A path, `-` for standard input, or an open text stream.
        format: A name in `FORMATS`; by default that of the file's suffix.
        scheme: The tagging scheme; by default the usual one of the format, if it writes tags.
        repair: Read invalid tag sequences as `tags_to_entities` does, instead of refusing them.
        multiple_roots: Accept trees with several roots.
        report: Counts what is read.
        text: How the texts of annotation tools are cut into tokens and sentences; by default by
            the rules for English.

    Raises:
        InputError: The format or scheme is unknown, the format has no tags and a scheme is given,
            or the file cannot be opened.
        FormatError: While reading, at the first line that is not as it should be, or at the end of
            a file without sentences.
    """
    numbered = read_numbered(
        source,
        format,
        scheme=scheme,
        repair=repair,
        multiple_roots=multiple_roots,
        report=report,
        text=text,
    )
    return (sentence for _, sentence in numbered)


def read_numbered(
    source: Stream,
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
    multiple_roots: bool = False,
    report: ReadReport | None = None,
    text: TextConfig | None = None,
) -> Iterator[tuple[int, Sentence]]:
    """Read the sentences of a file as `read_sentences` does, each with its first line, from 1.

    Raises:
        InputError: As `read_sentences`.
        FormatError: As `read_sentences`.
    """
    format = format_of(source, format)
    reader = FORMATS[format]
    options = ReadOptions(
        path=name_of(source),
        scheme=scheme_of(format, scheme),
        repair=repair,
        multiple_roots=multiple_roots,
        report=report or ReadReport(),
        text=text or TextConfig(),
    )
    if isinstance(reader, DocumentFormat):
        return _read_documents(source, reader, options)
    return _read(source, reader, options)


def _read_documents(
    source: Stream, reader: DocumentFormat, options: ReadOptions
) -> Iterator[tuple[int, Sentence]]:
    for record in reader.records(source):
        for sentence in reader.read(record, options):
            options.report.sentences += 1
            yield record.line, sentence
    if not options.report.sentences:
        raise FormatError(options.path, 1, "expected at least one sentence, got none")


def _read(source: Stream, reader: Format, options: ReadOptions) -> Iterator[tuple[int, Sentence]]:
    is_empty = True
    for block in read_blocks(source, by_line=reader.by_line):
        if reader.documents is not None and (name := reader.documents.read(block)) is not None:
            options.documents.begin(name)
        sentence = reader.read(block, options)
        if sentence is not None:
            is_empty = False
            options.report.sentences += 1
            yield block[0][0], sentence
    if is_empty:
        raise FormatError(options.path, 1, "expected at least one sentence, got none")


def write_sentences(
    target: Stream,
    sentences: Iterable[Sentence],
    format: str | None = None,
    *,
    scheme: str | None = None,
) -> int:
    """Write sentences to a file, which appears, or is replaced, only when all are written.

    Args:
        target: A path, `-` for standard output, or an open text stream.
        format: A name in `FORMATS`; by default that of the file's suffix.
        scheme: The tagging scheme; by default the usual one of the format, if it writes tags.

    Returns:
        How many were written.

    Raises:
        InputError: The format or scheme is unknown, the file cannot be written, or a sentence holds
            what the format cannot.
    """
    format = format_of(target, format)
    writer = FORMATS[format]
    scheme = scheme_of(format, scheme)
    if isinstance(writer, DocumentFormat):
        return _write_documents(target, sentences, writer)
    count = 0

    def counted() -> Iterator[Sentence]:
        nonlocal count
        for sentence in sentences:
            count += 1
            yield sentence

    with writing(target) as stream:
        stream.writelines(lines_of(counted(), writer, scheme, name_of(target)))
    return count


def lines_of(
    sentences: Iterable[Sentence],
    format: Format,
    scheme: str,
    name: str,
    first: int = 1,
    before: str | None = None,
    is_last: bool = True,
) -> Iterator[str]:
    """Yield the lines of sentences, with their ends.

    Args:
        sentences: Those of a file, or of a stretch of it.
        format: How they are written.
        scheme: As `scheme_of` gives it.
        name: Of the file, for errors.
        first: The number in the file that the first of them has.
        before: The document of the sentence before them.
        is_last: Whether the file ends with them.

    Raises:
        InputError: A sentence holds what the format cannot.
    """
    end = [] if format.by_line else [""]
    for number, sentence in enumerate(sentences, first):
        try:
            lines = format.write(sentence, scheme)
        except InputError as error:
            raise InputError(f"{name}: sentence {number}: {error}") from error
        lines = mark(format.documents, before, sentence.document, lines)
        before = sentence.document
        yield from (f"{line}\n" for line in [*lines, *end])
    if is_last:
        yield from (f"{line}\n" for line in mark(format.documents, before, None, []))


def _write_documents(target: Stream, sentences: Iterable[Sentence], format: DocumentFormat) -> int:
    writer = format.writer()
    count = 0
    with writing_bytes(target) as write:
        for number, document in enumerate(by_document(sentences), 1):
            try:
                write(writer.add(Document.of(document)))
            except InputError as error:
                raise InputError(f"{name_of(target)}: document {number}: {error}") from error
            count += len(document)
        write(writer.finish())
    return count
