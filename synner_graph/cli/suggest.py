"""`suggest`: the texts that are most worth annotating next."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import print_notes
from synner_graph.cli.outputs import check_output
from synner_graph.cli.source import dictionary_notes, dictionary_of, open_run, parsed
from synner_graph.cli.texts import TEXT, texts_of
from synner_graph.data.batching import BATCH_SIZE, by_size
from synner_graph.data.formats import (
    DOCUMENT_FORMATS,
    FORMATS,
    ReadReport,
    json_spans,
    read_sentences,
)
from synner_graph.data.formats.lines import writing_bytes
from synner_graph.data.formats.whole import Document
from synner_graph.data.sentence import Sentence

if TYPE_CHECKING:
    from synner_graph.recogniser.suggestion import Reading
    from synner_graph.recogniser.synner import SynNER
    from synner_graph.text.sources import Record


class Tool(StrEnum):
    """What the texts are written for."""

    label_studio = "label-studio"
    doccano = "doccano"
    jsonl = "jsonl"


def suggest(
    run: options.Run,
    input: Annotated[
        str,
        typer.Option(
            "--input",
            "-i",
            help="File of texts (.txt: its lines; .jsonl: a field; .parquet: a column) or of "
            "sentences; - for standard input.",
            show_default=False,
        ),
    ],
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="How many texts to choose.")
    ] = 100,
    to: Annotated[
        Tool, typer.Option(help="Write for this tool, with the entities that the model suggests.")
    ] = Tool.jsonl,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write; - for standard output.")
    ] = "-",
    format: Annotated[
        str | None,
        typer.Option(
            help=f"Format of the input: {TEXT}, {', '.join(FORMATS)}; default: by suffix.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    text_field: Annotated[
        str | None,
        typer.Option(help="Field of the text in JSON lines.", rich_help_panel=options.DATA),
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option(help="Column of the text in a parquet file.", rich_help_panel=options.DATA),
    ] = None,
    dictionary: options.Dictionary = None,
    scheme: options.Scheme = None,
    multiple_roots: options.MultipleRoots = False,
    parser: options.Trees = None,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    batch_size: options.BatchSize = BATCH_SIZE,
) -> None:
    """Choose the texts that are most worth annotating next.

    It takes the texts of whose entities the model is least sure, each type that it finds in turn,
    and passes over those that nearly repeat one taken before. All texts are read into memory. Where
    the input holds sentences, each is a text.

    Example: synner suggest runs/sample --input notes.txt -n 20 --to label-studio --output next.json
    """
    from synner_graph.recogniser.suggestion import most_useful

    check_output(output, (input, *(dictionary or ())))
    phrases = dictionary_of(dictionary)
    texts = texts_of(input, format, text_field, text_column)
    ner = open_run(run, None, graph_backend, device, kernel)
    ner.dictionary = phrases
    notes: list[str] = []
    if texts is None:
        report = ReadReport()
        sentences = read_sentences(
            input,
            format,
            scheme=scheme,
            repair=True,
            multiple_roots=multiple_roots,
            report=report,
        )
        readings = list(_read_sentences(ner, sentences, parser, batch_size))
        notes += [f"{what}: {count:,}" for what, count in report.notes.items()]
    else:
        readings, empty = _read_texts(ner, texts, parser, batch_size)
        notes += [f"texts without a token, left out: {empty:,}"] if empty else []
    chosen, doubles = most_useful(readings, number)
    _write(output, chosen, to, texts is not None)
    notes.append(f"texts chosen: {len(chosen):,} of {len(readings):,}")
    print_notes([*notes, f"near-doubles passed over: {doubles:,}"] if doubles else notes)
    print_notes(dictionary_notes(phrases))


def _read_sentences(
    ner: "SynNER", sentences: Iterable[Sentence], parser: str | None, batch_size: int
) -> "Iterator[Reading]":
    """Read the sentences of a file, each as a text of its own."""
    from synner_graph.data.segmentation.segment import Segment
    from synner_graph.recogniser.suggestion import Reading
    from synner_graph.text.sources import Record

    sentences = parsed(sentences, ner, parser, batch_size)
    for sentence, likely in ner.scored(sentences, batch_size):
        text = sentence.text or " ".join(sentence.tokens)
        yield Reading.of(Record(text, {}), [Segment(0, sentence)], [likely])


def _read_texts(
    ner: "SynNER", records: "Iterable[Record]", parser: str | None, batch_size: int
) -> "tuple[list[Reading], int]":
    """Read texts; those without a token are left out and counted."""
    from synner_graph.data.segmentation import build_segmenter
    from synner_graph.data.segmentation.segment import Segment
    from synner_graph.parsers import RUN
    from synner_graph.recogniser.suggestion import Reading

    trees = ner.parser_of(parser or RUN)
    segmenter = build_segmenter(ner.config.text)
    held: list[tuple[Record, list[int]]] = []
    empty = 0

    def sentences() -> Iterator[Sentence]:
        nonlocal empty
        for number, record in enumerate(records, 1):
            segments = list(segmenter(record.text, document=str(number)))
            if segments:
                held.append((record, [start for start, _ in segments]))
                yield from (sentence for _, sentence in segments)
            empty += not segments

    batches = by_size(sentences(), batch_size)
    rows = chain.from_iterable(batches if trees is None else map(trees.parse, batches))
    scored = list(ner.scored(rows, batch_size))
    place, found = 0, []
    for record, starts in held:
        own = scored[place : place + len(starts)]
        place += len(starts)
        pairs = zip(starts, own, strict=True)
        segments = [Segment(start, sentence) for start, (sentence, _) in pairs]
        found.append(Reading.of(record, segments, [likely for _, likely in own]))
    return found, empty


def _write(output: str, chosen: "Iterable[Reading]", to: Tool, of_texts: bool) -> None:
    """Write the chosen texts with the entities that are suggested."""
    from synner_graph.text.writers import JsonWriter, known_name

    name = "label-studio-predicted" if to == Tool.label_studio else to.value
    tool = DOCUMENT_FORMATS[name].writer() if name in DOCUMENT_FORMATS else None
    lines = JsonWriter()
    with writing_bytes(output) as write:
        for number, reading in enumerate(chosen, 1):
            record, segments = reading.record, reading.segments
            confidence = round(reading.confidence, 6)
            marked = record.fields | {"confidence": json.dumps(confidence)}
            if tool is None and of_texts:
                row = lines.write(number, record._replace(fields=marked), segments)
                write("".join(row).encode())
            elif tool is None:
                (line,) = json_spans.write(segments[0].sentence, "")
                write(f'{line[:-1]}, "confidence": {confidence}}}\n'.encode())
            elif of_texts:
                identifier, fields = known_name(marked)
                document = Document(record.text, segments, identifier, fields, confidence)
                write(tool.add(document))
            else:
                sentence = segments[0].sentence
                plain = Document.of([sentence])
                document = Document(plain.text, plain.segments, sentence.id, marked, confidence)
                write(tool.add(document))
        if tool is not None:
            write(tool.finish())
