"""Find every problem of a file, not only the first."""

from collections.abc import Iterator

from synner_graph.data.formats import FORMATS, format_of, scheme_of
from synner_graph.data.formats.lines import FormatError, Stream, name_of, read_blocks
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.formats.whole import DocumentFormat
from synner_graph.errors import InputError


def validate(
    source: Stream,
    format: str | None = None,
    *,
    scheme: str | None = None,
    multiple_roots: bool = False,
) -> Iterator[list[FormatError]]:
    """List the problems of each sentence of a file, by line; an empty list if there is none.

    A line with too few or too many columns hides what else is wrong with its sentence. The options
    are those of `read_sentences`.

    Raises:
        InputError: The format or scheme is unknown, or the file cannot be opened.
    """
    name = format_of(source, format)
    reader = FORMATS[name]
    path = name_of(source)
    options = ReadOptions(path, scheme_of(name, scheme), multiple_roots=multiple_roots)
    if isinstance(reader, DocumentFormat):
        yield from _validate_documents(source, reader, options)
        return
    undecoded: list[FormatError] = []
    is_empty = True
    for block in read_blocks(source, by_line=reader.by_line, problems=undecoded):
        problems = [problem for problem in undecoded if problem.line <= block[-1][0]]
        del undecoded[: len(problems)]
        try:
            if reader.read(block, options) is None and not problems:
                continue
        except FormatError as error:
            problems += error.all
        is_empty = False
        yield sorted(problems, key=lambda problem: problem.line)
    if is_empty:
        yield [FormatError(path, 1, "expected at least one sentence, got none")]


def _validate_documents(
    source: Stream, reader: DocumentFormat, options: ReadOptions
) -> Iterator[list[FormatError]]:
    """List the problems of each sentence, and those of each record that cannot be read."""
    is_empty = True
    for record in reader.records(source):
        try:
            for _ in reader.read(record, options):
                is_empty = False
                yield []
        except FormatError as error:
            is_empty = False
            yield error.all
        except InputError as error:  # a Doc has no line
            is_empty = False
            message = str(error).removeprefix(f"{options.path}: ")
            yield [FormatError(options.path, record.line, message)]
    if is_empty:
        yield [FormatError(options.path, 1, "expected at least one sentence, got none")]
