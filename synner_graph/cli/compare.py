"""`compare`: how sure a difference between systems is, and where they differ."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json, print_notes, print_signature
from synner_graph.cli.outputs import check_output
from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.cli.source import split_of
from synner_graph.cli.systems import SystemFormats, SystemParser, SystemScheme, check_parser
from synner_graph.data.batching import BATCH_SIZE
from synner_graph.errors import InputError
from synner_graph.evaluation.systems import Runtime, read_systems
from synner_graph.files import write_text

if TYPE_CHECKING:
    from synner_graph.evaluation.comparison import SystemComparison
    from synner_graph.evaluation.significance import Estimate


@reads("format", "scheme", "features")
def compare(
    systems: Annotated[
        list[str],
        typer.Argument(
            help="What the systems found: a file or run folder each; NAME=PATH,PATH for several "
            "trainings of one system.",
            show_default=False,
        ),
    ],
    gold: Annotated[
        Path | None,
        typer.Option(
            help="A file with gold entities, instead of a dataset.", rich_help_panel=options.DATA
        ),
    ] = None,
    dataset: options.Dataset = None,
    split: Annotated[
        str, typer.Option(help="train, dev or test.", rich_help_panel=options.DATA)
    ] = "test",
    train: Annotated[
        Path | None,
        typer.Option(
            help="With --gold: the file that the systems were trained on, for scores of seen and "
            "unseen forms.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    gold_format: options.Format = None,
    gold_scheme: options.Scheme = None,
    format: SystemFormats = None,
    scheme: SystemScheme = None,
    reading: Reading = AS_USUAL,
    page: Annotated[
        Path | None,
        typer.Option(help="Write the sentences in which systems differ, drawn: an .html file."),
    ] = None,
    buckets: Annotated[
        int, typer.Option(min=0, help="Show this many kinds of entities that differ most.")
    ] = 8,
    parser: SystemParser = None,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    batch_size: options.BatchSize = BATCH_SIZE,
    json: options.Json = False,
) -> None:
    """Compare the first system with each other one: F1, difference, 95 % interval and p-values.

    Intervals are over documents (sentences where there are none) and over the trainings of each
    system. With several differences the p-values are corrected by Holm's method.

    Example: synner compare a.conll2003 b.jsonl --gold test.conllu --page differences.html

    Example: synner compare ours=a.conll2003,c.iob2 control=b.jsonl --gold test.conllu
    """
    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.evaluation.buckets import forms_of
    from synner_graph.evaluation.comparison import Group, compare_systems, groups_of
    from synner_graph.evaluation.signature import signature_of

    if (dataset is None) == (gold is None):
        raise InputError("Say what is right: either --dataset NAME or --gold FILE.")
    groups = groups_of(systems)
    paths = [path for group in groups.values() for path in group]
    check_output(page, (*paths, gold, train))
    check_parser(parser, paths, format or [])
    if page is not None and page.suffix != ".html":
        raise InputError(f"--page writes an .html file, got {page}.")
    if train is not None and (gold is None or split == "train"):
        raise InputError("--train says what systems were trained on that are scored on --gold.")
    data = split_of(dataset, gold, split, replace(reading, format=gold_format, scheme=gold_scheme))
    if train is not None:
        data = data.model_copy(update={"train": train})
    known = gold is None or train is not None
    corpus = corpus_of(data, splits=tuple(dict.fromkeys(["train", split] if known else [split])))
    print_notes(corpus.notes)
    sentences = corpus.splits[split]
    runtime = Runtime(graph_backend, device, kernel, batch_size, parser)
    found = read_systems(
        paths, sentences, format or [], schemes=scheme or [], repair=reading.repair, runtime=runtime
    )
    print_notes(note for system in found for note in system.notes)
    trainings = iter(system.entities for system in found)
    named = [Group(name, [next(trainings) for _ in paths]) for name, paths in groups.items()]
    forms = forms_of(corpus.splits["train"]) if known else None
    comparison = compare_systems(sentences, named, forms)
    if page is not None:
        # Drawings wait for PyTorch, which nothing else here needs.
        from synner_graph.evaluation.comparison_page import comparison_page

        of_all = [entities for group in named for found in group.trainings for entities in found]
        labels = {e.label for entities in of_all for e in entities}
        title = f"{' and '.join(groups)} on {gold or f'{dataset} {split}'}"
        write_text(page, comparison_page(title, sentences, named, labels))
    signature = replace(signature_of(data, split), trees=parser or "given")
    if json:
        print_json({**comparison.to_json(), "signature": str(signature)})
        return
    _print(comparison, buckets)
    print_signature(signature)


def _print(found: "SystemComparison", most: int) -> None:
    over = f"{found.units:,} {found.unit}"
    scores = Table("system", "trainings", "F1", "95 %", title=f"F1, over {over}")
    for name, count, f1 in zip(found.names, found.trainings, found.f1, strict=True):
        scores.add_row(name, str(count), f"{f1.value:.2f}", _interval(f1))
    output.print(scores)
    holm = " (Holm)" if len(found.versus) > 1 else ""
    table = Table(title=f"F1 of {found.names[0]} less that of another, over {over}")
    for column in ("system", "difference", "95 %", f"p{holm}", f"p, randomisation{holm}"):
        table.add_column(column)
    for versus in found.versus:
        gap = versus.difference
        ps = _chance(versus.corrected), _chance(versus.corrected_randomisation)
        table.add_row(versus.name, f"{gap.value:+.2f}", _interval(gap, "+"), *ps)
    output.print(table)
    for other, versus in enumerate(found.versus, 1):
        kinds = found.standing_out(other - 1, most)
        if not kinds:
            continue
        title = f"Where {found.names[0]} and {versus.name} differ most"
        table = Table(title=title, caption="intervals of single kinds, not corrected")
        for column in ("entities", "gold", "F1", "F1", "difference", "95 %"):
            table.add_column(column)
        for kind in kinds:
            gap = kind.differences[other - 1]
            pair = (f"{f1.value:.2f}" for f1 in (kind.f1[0], kind.f1[other]))
            name = f"{kind.family}: {kind.name}"
            table.add_row(name, str(kind.gold), *pair, f"{gap.value:+.2f}", _interval(gap, "+"))
        output.print(table)


def _interval(estimate: "Estimate", sign: str = "") -> str:
    return f"{estimate.low:{sign}.2f} to {estimate.high:{sign}.2f}"


def _chance(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"
