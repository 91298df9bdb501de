"""`predict`: name the entities of texts, and of parsed sentences."""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synner_graph.cli import options
from synner_graph.cli.naming import Naming
from synner_graph.cli.outputs import check_output
from synner_graph.cli.scale import SHARD, Engines, Scale
from synner_graph.cli.source import dictionary_of, open_ready
from synner_graph.cli.texts import TEXT, texts_of
from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.formats import FORMATS, ReadReport, format_of, read_sentences
from synner_graph.errors import InputError

if TYPE_CHECKING:
    from synner_graph.data.dictionary import Dictionary

FOLLOWS = (
    *("output_scheme", "min_score", "candidates", "format", "text_field", "text_column", "scheme"),
    *("multiple_roots", "features", "parser", "long", "graph_backend", "kernel", "precision"),
    *("batch_size", "batch_tokens"),
)
"""Options that the output follows from; shards of other ones are not continued."""


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
        str,
        typer.Option(
            "--output", "-o", help="File to write, or folder of shards; - for standard output."
        ),
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
            "else the file itself; or with a folder of shards.",
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
    engine: Annotated[
        Engines,
        typer.Option(
            help="What names side by side: processes, or actors of Ray, which write shards.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = Engines.processes,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes, or actors, of one thread each that name a file side by side; default: "
            "1, with Ray one for each core.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Address of a Ray cluster; default: this machine alone.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = None,
    shard_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Write a folder of shards of about so many texts or sentences; default: one file, "
            f"with Ray shards of {SHARD:,}.",
            rich_help_panel=options.RUNTIME,
        ),
    ] = None,
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
    from synner_graph.text.sources import given

    if text and input is not None:
        raise InputError("Say what to read: either a text or --input FILE.")
    source = input or "-"
    scale = Scale(engine, workers, address, shard_size)
    # A file that is gone on with was written in whole chunks.
    live = None if text or resume else live_input(source, prints=pretty or output == "-")
    records = given(text) if text else texts_of(source, format, text_field, text_column, live)
    of_texts, at_hand = records is not None, not (text or live)
    scale.check(of_texts=of_texts, at_hand=at_hand, output=output, pretty=pretty, device=device)
    if resume and (output == "-" or pretty or not (of_texts or scale.in_shards)):
        raise InputError("--resume goes on with a file of named texts: say which with --output.")
    check_output(output, (None if text else source, features, *(dictionary or ())))
    target = "-" if scale.in_shards else output
    written = _written_format(of_texts, source, format, target, output_format)
    if candidates is not None and target == "-" and output_format is None:
        written = "jsonl"
    if candidates is not None and (of_texts or pretty or written != "jsonl"):
        raise InputError(
            "--candidates needs sentences with tokens, and writes JSON lines: name a file of them "
            "with --input, and --output FILE.jsonl or --output-format jsonl."
        )
    report, phrases = ReadReport(), dictionary_of(dictionary)
    places = (run, features, graph_backend, "cpu" if scale.ray else device, kernel, precision)
    naming = Naming(
        opener=partial(open_ready, *places, Thresholds.parse(min_score or ()), long == Long.error),
        phrases=phrases,
        scale=scale,
        source=source if of_texts and not text else None,
        output=None if pretty else output,
        format=written,
        scheme=output_scheme,
        resume=resume,
        settings=_settings(context.params, run, phrases) if scale.in_shards else {},
        report=report,
        quiet=pretty or context.find_root().params["quiet"],
    )
    if records is not None:
        naming.texts(islice(records, limit), (parser or RUN, batch_tokens), live)
        return
    sentences = read_sentences(
        source, format, scheme=scheme, repair=True, multiple_roots=multiple_roots, report=report
    )
    naming.sentences(islice(sentences, limit), parser, batch_size, candidates)


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


def _settings(given: Mapping[str, Any], run: str, phrases: "Dictionary | None") -> dict[str, Any]:
    """Return what the output follows from beside the input, as JSON has it.

    Args:
        given: The options of the command line.
        run: As there.
        phrases: The user's dictionary, if there is one.
    """
    from synner_graph.recogniser.find import find_run
    from synner_graph.text.blocks import digest_of
    from synner_graph.text.engine import program_version

    chosen = {name: given[name] for name in FOLLOWS if given[name] not in (None, (), [])}
    plain = {n: " ".join(sorted(v)) if n == "min_score" else str(v) for n, v in chosen.items()}
    return {
        "program": program_version(),
        "run": find_run(run).transaction.digest(),
        "dictionary": None if phrases is None else digest_of(phrases.rows).hex(),
        **plain,
    }
