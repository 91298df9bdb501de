"""`eval`: score a saved run."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import (
    print_comparison,
    print_json,
    print_notes,
    print_report,
    unknown_relations,
)
from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.cli.source import open_run, split_of


@reads()
def evaluate(
    run: options.Run,
    dataset: options.Dataset = None,
    split: Annotated[
        str, typer.Option(help="train, dev or test.", rich_help_panel=options.DATA)
    ] = "test",
    input: Annotated[
        Path | None,
        typer.Option(
            help="A file with gold entities, instead of a dataset.", rich_help_panel=options.DATA
        ),
    ] = None,
    reading: Reading = AS_USUAL,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    batch_size: options.BatchSize = 32,
    parser: Annotated[
        str | None,
        typer.Option(
            help="Also score on the trees of a parser: run, the one stored with the run, "
            "biaffine:RUN, spacy:PACKAGE or stanza:LANGUAGE.",
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="Read raw text, of whole documents and of each sentence by itself, parse it with "
            "--parser (default: run), and compare characters.",
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Score a run against gold entities: precision, recall and F1, overall and for each type.

    An entity is correct when its boundaries and its type are; every gold entity counts. With
    --parser the scores on the trees of the sentences and on those of the parser stand side by side.

    Example: synner eval runs/sample --dataset sample --split test --json

    Example: synner eval runs/sample --dataset sample --raw
    """
    data = split_of(dataset, input, split, reading)

    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.evaluation.evaluate import evaluate as evaluate_split
    from synner_graph.evaluation.raw_text import evaluate_raw
    from synner_graph.evaluation.signature import signature_of
    from synner_graph.evaluation.tree_comparison import compare_trees
    from synner_graph.parsers import RUN
    from synner_graph.recogniser.synner import load_parser

    ner = open_run(run, reading.features, graph_backend, device, kernel)
    corpus = corpus_of(data, splits=(split,))
    print_notes(corpus.notes)
    sentences = corpus.splits[split]
    signature = signature_of(data, split)
    if raw:
        named = partial(ner.pipe, parser=parser or RUN)
        both = evaluate_raw(named, sentences, split, replace(signature, trees=parser or RUN))
        if json:
            print_json(both.to_json())
        else:
            print_report(both.documents, "raw documents")
            print_report(both.sentences, "raw sentences")
        return
    if parser is not None:
        compared = compare_trees(
            ner, load_parser(parser, ner), sentences, split, batch_size, signature
        )
        print_notes(compared.notes)
        if json:
            print_json(compared.to_json())
        else:
            print_comparison(compared)
        return
    report = evaluate_split(ner, sentences, split, batch_size, signature)
    if json:
        print_notes(unknown_relations(report.unknown_relations))
        print_json(report.signed_json())
    else:
        print_report(report)
