"""`predict`: name the entities of texts, and of parsed sentences."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from synner_graph.cli import options
from synner_graph.cli.console import errors, print_notes, unknown_relations
from synner_graph.cli.console import output as stdout
from synner_graph.cli.outputs import check_output
from synner_graph.cli.source import (
    dictionary_notes,
    dictionary_of,
    open_pipeline,
    open_ready,
    parsed,
)
from synner_graph.cli.texts import TEXT, texts_of
from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.formats import FORMATS, format_of
from synner_graph.data.sentence import Sentence
from synner_graph.data.unicode import visible
from synner_graph.errors import InputError

if TYPE_CHECKING:
    from synner_graph.text.pipeline import TextPipeline
    from synner_graph.text.sources import Record
    from synner_graph.text.workers import Workers


class Long(StrEnum):
    """How to read a sentence that is longer than the encoder can read at once."""

    windows = "windows"
    error = "error"


def predict(
    context: typer.Context,
    run: options.Run,
    text: Annotated[
        list[str] | None, typer.Argument(help="Texts to read.", show_default=False)
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            help="File of texts (.txt: its lines; .jsonl: a field; .parquet: a column) or of "
            "sentences; default: standard input, which is -.",
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write; - for standard output.")
    ] = "-",
    output_format: Annotated[
        str | None,
        typer.Option(
            help="Format of the output, for texts also csv; default: by suffix, else the format of "
            "the input, or jsonl for texts."
        ),
    ] = None,
    output_scheme: Annotated[
        str | None, typer.Option(help="Tag scheme of the output; default: the format's usual one.")
    ] = None,
    min_score: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCORE|LABEL=SCORE",
            help="Leave out entities that score less; again with a label for that label alone.",
        ),
    ] = None,
    candidates: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Also write every span of tokens whose probability of being an entity is at least "
            "this: for sentences, as JSON lines.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with a half-written output of texts (.jsonl, .csv, .conllu): its .part, "
            "else the file itself.",
        ),
    ] = False,
    pretty: Annotated[
        bool, typer.Option("--pretty", help="Print sentences for reading, entities in colour.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop after that many texts or sentences.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help=f"Format of the input: {TEXT}, {', '.join(FORMATS)}; default: by suffix, "
            f"{TEXT} for standard input.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    text_field: Annotated[
        str | None,
        typer.Option(
            help="Field of the text in JSON lines; default: text, where they have no tokens.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option(
            help="Column of the text in a parquet file; default: text.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    scheme: options.Scheme = None,
    multiple_roots: options.MultipleRoots = False,
    features: options.Features = None,
    dictionary: options.Dictionary = None,
    parser: options.Trees = None,
    long: Annotated[
        Long,
        typer.Option(
            help="Read sentences beyond the encoder's limit in overlapping windows, or refuse.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = Long.windows,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    precision: options.Precision = options.Precisions.float32,
    batch_size: options.BatchSize = BATCH_SIZE,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            help="Processes of one thread each that name the texts of a file side by side.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = 1,
    batch_tokens: Annotated[
        int,
        typer.Option(min=1, help="Tokens in a batch, for texts.", rich_help_panel=options.RUNTIME),
    ] = 4096,
) -> None:
    """Name the entities of texts, or of a file of sentences; entities in the file are replaced.

    Example: synner predict runs/sample "Angela Merkel met the UN in Geneva."

    Example: synner predict runs/sample --input notes.txt --output named.jsonl

    Example: synner predict runs/sample --input parsed.conllu --output named.conllu
    """
    from synner_graph.parsers import RUN
    from synner_graph.recogniser.thresholds import Thresholds
    from synner_graph.text.live import live_input
    from synner_graph.text.pipeline import TextPipeline
    from synner_graph.text.sources import given
    from synner_graph.text.workers import Workers

    if text and input is not None:
        raise InputError("Say what to read: either a text or --input FILE.")
    source = input or "-"
    # A file that is gone on with was written in whole chunks.
    live = None if text or resume else live_input(source, prints=pretty or output == "-")
    records = given(text) if text else texts_of(source, format, text_field, text_column, live)
    if resume and (records is None or output == "-" or pretty):
        raise InputError("--resume goes on with a file of named texts: say which with --output.")
    check_output(output, (None if text else source, features, *(dictionary or ())))
    written = _written_format(records is not None, source, format, output, output_format)
    if candidates is not None and output == "-" and output_format is None:
        written = "jsonl"
    if candidates is not None and (records is not None or pretty or written != "jsonl"):
        raise InputError(
            "--candidates needs sentences with tokens, and writes JSON lines: name a file of them "
            "with --input, and --output FILE.jsonl or --output-format jsonl."
        )

    if workers > 1 and records is None:
        raise InputError("--workers names texts, and the input holds sentences: leave it out.")
    if workers > 1 and (text or live):
        raise InputError("--workers needs all texts at hand: name a file of them with --input.")
    thresholds, phrases = Thresholds.parse(min_score or ()), dictionary_of(dictionary)
    places = (run, features, graph_backend, device, kernel, precision)
    opener = partial(open_ready, *places, thresholds, long == Long.error)
    ner = opener(phrases)
    if records is not None:
        how = (parser or RUN, batch_tokens)
        pipeline: TextPipeline | Workers = ner.pipeline(*how)
        quiet = pretty or context.find_root().params["quiet"]
        with ExitStack() as stack:
            if workers > 1:
                del ner  # each worker has one
                pipeline = Workers(workers, partial(open_pipeline, opener, how), phrases)
                stack.enter_context(pipeline)
            done = stack.enter_context(_progress(source if not text else None, quiet))
            _name_texts(
                pipeline,
                islice(records, limit),
                None if pretty else output,
                (written, output_scheme),
                resume,
                done,
                live.pauses if live else lambda: False,
            )
        print_notes(dictionary_notes(phrases))
        return
    from synner_graph.data.formats import ReadReport, read_sentences, write_sentences

    report = ReadReport()
    sentences: Iterable[Sentence] = islice(
        read_sentences(
            source,
            format,
            scheme=scheme,
            repair=True,
            multiple_roots=multiple_roots,
            report=report,
        ),
        limit,
    )
    sentences = parsed(sentences, ner, parser, batch_size)
    unknown: Counter[str] = Counter()
    found = ner.stream(sentences, batch_size, unknown=unknown, candidates=candidates)
    if pretty:
        print_pretty(found)
    else:
        write_sentences(output, found, written, scheme=output_scheme)
    report.repaired_tags = 0  # of entities that are replaced
    print_notes([f"{what}: {count:,}" for what, count in report.notes.items()])
    print_notes(unknown_relations(dict(unknown.most_common())))
    print_notes(dictionary_notes(phrases))


def _written_format(
    of_texts: bool, source: str, format: str | None, output: str, output_format: str | None
) -> str:
    """Return the format to write; what a model says are predictions, where a format tells."""
    if of_texts and (output_format == "csv" or (output_format is None and output.endswith(".csv"))):
        return "csv"
    if output_format is None and output == "-":
        name = "jsonl" if of_texts and format not in FORMATS else format_of(source, format)
    else:
        name = format_of(output, output_format)
    return "label-studio-predicted" if name == "label-studio" else name


def _name_texts(
    pipeline: "TextPipeline | Workers",
    records: "Iterable[Record]",
    output: str | None,
    format: tuple[str, str | None],
    resume: bool,
    done: Callable[[int], None],
    pauses: Callable[[], bool],
) -> None:
    """Name texts and write them, or print their sentences where no output is named."""
    from synner_graph.text.pipeline import chunks
    from synner_graph.text.targets import continue_named, opened, part_of, write_named
    from synner_graph.text.writers import writer_of

    writer = writer_of(*format)
    if output is None:
        parts = chunks(records, lambda record: record.text, pauses=pauses)
        for _, named in pipeline.parts(parts, lambda record: record.text):
            print_pretty(segment.sentence for segment in chain.from_iterable(named))
    elif resume and (part_of(output).exists() or Path(output).exists()):
        continue_named(pipeline, records, writer, Path(output), done)
    else:
        with opened(output) as stream:
            write_named(pipeline, records, writer, stream, done, pauses)
    print_notes(unknown_relations(dict(pipeline.unknown.most_common())))
    if writer.replaced:
        print_notes([f"{writer.replaced} texts have lone surrogates, written as U+FFFD"])


@contextmanager
def _progress(source: str | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar over the bytes of a file, and yield the function that moves it."""
    from synner_graph.text.sources import size_of

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    hidden = quiet or source is None or not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden) as bar:
        task = bar.add_task("", total=size_of(source) if source else None)
        yield lambda position: bar.update(task, completed=position)


COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def print_pretty(sentences: Iterable[Sentence]) -> None:
    """Print a line for each sentence, with each entity in brackets before its label."""
    colours: dict[str, str] = {}
    for sentence in sentences:
        line = Text()
        position = 0
        for entity in sentence.entities:
            line.append("".join(f"{token} " for token in sentence.tokens[position : entity.start]))
            colour = colours.setdefault(entity.label, COLOURS[len(colours) % len(COLOURS)])
            words = " ".join(sentence.tokens[entity.start : entity.end])
            line.append(f"[{words} {entity.label}]", style=f"bold {colour}")
            line.append(" ")
            position = max(position, entity.end)  # of nested entities the outer one goes on
        line.append(" ".join(sentence.tokens[position:]))
        line.plain = visible(line.plain)
        stdout.print(line, soft_wrap=True)
