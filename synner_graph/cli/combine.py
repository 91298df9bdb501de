"""`combine`: one output of several systems."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from synner_graph.cli import options
from synner_graph.cli.console import print_notes
from synner_graph.cli.outputs import check_output
from synner_graph.cli.source import open_run
from synner_graph.cli.systems import SystemFormats, SystemParser, SystemScheme, check_parser
from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.formats import format_of, read_sentences, write_sentences
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import score_entities
from synner_graph.evaluation.systems import Runtime, System, read_systems, sentences_of
from synner_graph.evaluation.systems.formats import one_each, scheme_each, system_format

DEV = "--dev"


class Combine(TyperCommand):
    """The command, whose `--dev` takes all values up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write `--dev A B` as `--dev A --dev B`."""
        spread: list[str] = []
        taking = False
        for argument in args:
            if taking and not argument.startswith("-"):
                spread += [DEV, argument]
                continue
            taking = argument == DEV
            spread += [] if taking else [argument]
        return super().parse_args(ctx, spread)


def combine(
    systems: Annotated[
        list[str],
        typer.Argument(
            help="What the systems found: a file or run folder each.", show_default=False
        ),
    ],
    method: Annotated[
        str,
        typer.Option(
            help="majority: a vote each; weighted: votes count each system's F1 on dev; "
            "weighted-by-type: its F1 on dev for the type voted for; mean: the mean of the "
            "probabilities of run folders and of files with candidates; span: a vote counts what "
            "the model --span gives to it.",
        ),
    ] = "majority",
    span: Annotated[
        Path | None,
        typer.Option(help="Run folder of the model that judges spans, for the method span."),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Turn the scores into probabilities that hold on dev."),
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which to save the combination of run folders: predict and eval take "
            "it as a run."
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write; - for standard output, the default where nothing is saved.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[
        str | None, typer.Option(help="Format of the output; default: by suffix, jsonl for -.")
    ] = None,
    output_scheme: Annotated[
        str | None, typer.Option(help="Tag scheme of the output; default: the format's usual one.")
    ] = None,
    gold_dev: Annotated[
        Path | None,
        typer.Option(
            help="File with the dev sentences and their gold entities.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    dev: Annotated[
        list[str] | None,
        typer.Option(
            DEV,
            help="What the systems found in the dev sentences, in the order of the systems: --dev "
            "A B C takes all up to the next option. Not needed where all systems are run folders.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    input: Annotated[
        Path | None,
        typer.Option(
            help="File of the sentences that the systems read; default: those of the first system "
            "that holds sentences.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    format: SystemFormats = None,
    input_format: Annotated[
        str | None,
        typer.Option(
            help="Format of --input and --gold-dev; default: by suffix.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    scheme: SystemScheme = None,
    repair: options.Repair = False,
    parser: SystemParser = None,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    batch_size: options.BatchSize = BATCH_SIZE,
) -> None:
    """Combine what several systems found in the same sentences into one output.

    Name the systems first and the options after them. Of all sets of entities that share no token
    the output is the one that the systems support most; --method says how support is counted.

    Example: synner combine a.conll2003 b.jsonl c.iob2 --output all.jsonl

    Example: synner combine a.conll2003 b.jsonl --method weighted --gold-dev dev.conllu
    --dev a-dev.conll2003 b-dev.jsonl --output all.conll2003

    Example: synner combine runs/a runs/b runs/c --method mean --gold-dev dev.conllu --calibrate
    --save runs/all
    """
    from synner_graph.evaluation.combination import Combiner, Dev, Judge
    from synner_graph.evaluation.combination.combined import ask_judge
    from synner_graph.evaluation.combination.combiner import (
        MAJORITY,
        MEAN,
        SPAN,
        check_method,
    )
    from synner_graph.evaluation.combination.saved import check_savable, save_combination
    from synner_graph.recogniser.recogniser import PROBABLE

    formats = format or []
    if output is None and save is None:
        output = "-"
    if output is None and (given := output_format or output_scheme or input):
        raise InputError(f"Nothing is written, so {given} has no use: name an --output, too.")
    written = ""
    if output is not None:
        check_output(output, (*systems, *(dev or ()), gold_dev, input))
        plain = output == "-" and not output_format
        written = "jsonl" if plain else format_of(output, output_format)
    if save is not None:
        check_savable(save, systems)
    check_method(method)
    if (span is None) == (method == SPAN):
        raise InputError(
            "The method span needs a model that judges spans, and no other has use for one: "
            "--method span --span RUN."
        )
    check_parser(parser, [*systems, *([span] if span else [])], formats)
    threshold = PROBABLE if method == MEAN else None
    runtime = Runtime(graph_backend, device, kernel, batch_size, parser, threshold)
    how: dict[str, Any] = {"schemes": scheme or [], "repair": repair, "runtime": runtime}
    model = open_run(span, None, graph_backend, device, kernel) if span else None

    def judge(sentences: list[Sentence]) -> Judge | None:
        if model is None:
            return None
        return ask_judge((str(span), model), sentences, batch_size, parser)

    development: Dev | None = None
    notes: list[str] = []
    if gold_dev is not None:
        on_dev = dev or (systems if all(Path(system).is_dir() for system in systems) else [])
        sentences = _read(gold_dev, input_format)
        found = read_systems(on_dev, sentences, formats, **how)
        notes = [note for system in found for note in _dev_notes(system, sentences)]
        gold = [sentence.entities for sentence in sentences]
        development = Dev(found, gold, judge(sentences) if calibrate else None)
    elif dev:
        raise InputError("Say what is right in the dev sentences: --gold-dev FILE.")
    if development is not None and method in (MAJORITY, SPAN) and not calibrate:
        raise InputError(
            f"The method {method} learns nothing from --gold-dev and --dev: say --calibrate for "
            "calibrated scores."
        )
    combiner = Combiner.learn(method, len(systems), development, calibrate)
    if save is not None:
        save_combination(save, combiner, systems, span)
    if output is None:
        print_notes(notes)
        return
    if input is not None:
        sentences = _read(input, input_format)
    else:
        sentences = _sentences(systems, formats, scheme or [], repair)
    read = read_systems(systems, sentences, formats, **how)
    print_notes([*notes, *(note for system in read for note in system.notes)])
    named = zip(sentences, combiner.combine(read, judge(sentences)), strict=True)
    write_sentences(
        output,
        (sentence.replace(entities=entities, candidates=None) for sentence, entities in named),
        written,
        scheme=output_scheme,
    )


def _dev_notes(system: System, sentences: Sequence[Sentence]) -> list[str]:
    """Return what reading a system's output on dev noted, and its F1."""
    gold = (sentence.entities for sentence in sentences)
    f1 = score_entities(gold, system.entities, "dev").overall.f1
    return [*system.notes, f"{system.name}: F1 {f1:.2f} on dev"]


def _read(path: Path, format: str | None) -> list[Sentence]:
    return list(read_sentences(path, format, multiple_roots=True))


def _sentences(
    systems: list[str], formats: list[str], schemes: list[str], repair: bool
) -> list[Sentence]:
    """Return the sentences of the first system that holds any."""
    names = [system_format(*pair) for pair in zip(systems, one_each(formats, systems), strict=True)]
    for path, format, scheme in zip(systems, names, scheme_each(schemes, names), strict=True):
        found = sentences_of(path, format, scheme=scheme, repair=repair)
        if found is not None:
            return [sentence.replace(entities=()) for sentence in found]
    raise InputError("Say which sentences the systems read: --input FILE. No system holds any.")
