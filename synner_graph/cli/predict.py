"""`predict`: name the entities of parsed sentences."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from synner_graph.cli import options
from synner_graph.cli.console import output as stdout
from synner_graph.cli.console import print_notes, unknown_relations
from synner_graph.data.sentence import Sentence


def predict(
    run: options.Run,
    input: Annotated[
        str, typer.Option("--input", "-i", help="File of parsed sentences; - for standard input.")
    ] = "-",
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write; - for standard output.")
    ] = "-",
    output_format: Annotated[
        str | None,
        typer.Option(help="Format of the output; default: by suffix, else that of the input."),
    ] = None,
    output_scheme: Annotated[
        str | None, typer.Option(help="Tag scheme of the output; default: the format's usual one.")
    ] = None,
    pretty: Annotated[
        bool, typer.Option("--pretty", help="Print sentences for reading, entities in colour.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop after that many sentences.")
    ] = None,
    format: options.Format = None,
    scheme: options.Scheme = None,
    multiple_roots: options.MultipleRoots = False,
    features: options.Features = None,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    batch_size: options.BatchSize = 32,
) -> None:
    """Name the entities of a file of parsed sentences; entities it may hold are replaced.

    Example: synner predict runs/sample --input parsed.conllu --output named.conllu
    """
    from synner_graph.data.formats import format_of, read_sentences, write_sentences
    from synner_graph.inference import SynNER, pick_device

    input_format = format_of(input, format)
    if output_format is None and output == "-":
        output_format = input_format
    output_format = format_of(output, output_format)
    ner = SynNER.from_pretrained(run, graph_backend, pick_device(device), kernel)
    if features is not None:
        ner.use_features(features)
    sentences = read_sentences(
        input, input_format, scheme=scheme, repair=True, multiple_roots=multiple_roots
    )
    unknown: Counter[str] = Counter()
    found = ner.stream(islice(sentences, limit), batch_size, unknown=unknown)
    if pretty:
        print_pretty(found)
    else:
        write_sentences(output, found, output_format, scheme=output_scheme)
    print_notes(unknown_relations(dict(unknown.most_common())))


COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def print_pretty(sentences: Iterable[Sentence]) -> None:
    """One line a sentence; each entity in brackets, followed by its label."""
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
        stdout.print(line, soft_wrap=True)
