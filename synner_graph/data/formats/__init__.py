"""Every way in and out of a file; one module a format, and the registry of their names."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from synner_graph.data.formats import conll2003, conllu, conllx, iob2
from synner_graph.data.formats.lines import FormatError, Stream, name_of, read_blocks, writing
from synner_graph.data.formats.rows import Format, ReadOptions, ReadReport
from synner_graph.data.schemes import check_scheme
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError, suggest

__all__ = [
    "FORMATS",
    "FormatError",
    "ReadReport",
    "format_of",
    "read_sentences",
    "write_sentences",
]

FORMATS: dict[str, Format] = {
    "conllx": conllx.FORMAT,
    "conllu": conllu.FORMAT,
    "conll2003": conll2003.FORMAT,
    "iob2": iob2.FORMAT,
}


def format_of(path: Stream, format: str | None = None) -> str:
    """The name of a file's format: the one given, else the suffix of the file's name.

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
    raise InputError(
        f"expected a file named .{', .'.join(FORMATS)}, got {name_of(path)}; "
        f"say --format NAME for any other"
    )


def read_sentences(
    source: Stream,
    format: str | None = None,
    *,
    scheme: str | None = None,
    repair: bool = False,
    multiple_roots: bool = False,
    report: ReadReport | None = None,
) -> Iterator[Sentence]:
    """The sentences of a file, one at a time.

    Args:
        source: A path, `-` for standard input, or an open text stream.
        format: A name in `FORMATS`; by default that of the file's suffix.
        scheme: The tagging scheme; by default the usual one of the format.
        repair: Read invalid tag sequences as `tags_to_entities` does, instead of refusing them.
        multiple_roots: Accept trees with several roots.
        report: Counts what is read.

    Raises:
        InputError: The format or scheme is unknown, or the file cannot be opened.
        FormatError: While reading, at the first line that is not as it should be, or at the end of
            a file without sentences.
    """
    reader = FORMATS[format_of(source, format)]
    options = ReadOptions(
        path=name_of(source),
        scheme=check_scheme(scheme or reader.scheme),
        repair=repair,
        multiple_roots=multiple_roots,
        report=report or ReadReport(),
    )
    return _read(source, reader, options)


def _read(source: Stream, reader: Format, options: ReadOptions) -> Iterator[Sentence]:
    is_empty = True
    for block in read_blocks(source):
        sentence = reader.read(block, options)
        if sentence is not None:
            is_empty = False
            options.report.sentences += 1
            yield sentence
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
        scheme: The tagging scheme; by default the usual one of the format.

    Returns:
        How many were written.

    Raises:
        InputError: The format or scheme is unknown, the file cannot be written, or a sentence holds
            what the format cannot.
    """
    writer = FORMATS[format_of(target, format)]
    scheme = check_scheme(scheme or writer.scheme)
    count = 0
    with writing(target) as stream:
        for count, sentence in enumerate(sentences, 1):
            try:
                lines = writer.write(sentence, scheme)
            except InputError as error:
                raise InputError(f"{name_of(target)}: sentence {count}: {error}") from error
            stream.writelines(f"{line}\n" for line in [*lines, ""])
    return count
