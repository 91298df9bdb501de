"""`eval`: score saved runs, and the output of any system."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import (
    notes_of,
    print_comparison,
    print_json,
    print_notes,
    print_report,
    print_side_by_side,
)
from synner_graph.cli.outputs import check_output
from synner_graph.cli.reading import AS_USUAL, Reading, reads
from synner_graph.cli.source import dictionary_notes, dictionary_of, open_any, split_of
from synner_graph.cli.systems import score_systems
from synner_graph.config import DataConfig
from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Report
from synner_graph.evaluation.signature import Signature
from synner_graph.evaluation.systems import Runtime
from synner_graph.evaluation.systems.formats import SYSTEM_FORMATS
from synner_graph.files import write_text

if TYPE_CHECKING:
    from synner_graph.recogniser.recogniser import Recogniser

SYSTEMS = "Other systems"


@reads()
def evaluate(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Run folders, or hub repositories; several stand side by side.",
            show_default=False,
        ),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(
            help="What another system found in the gold sentences: a file; repeat it for several. "
            f"Formats: {', '.join(SYSTEM_FORMATS)}.",
            rich_help_panel=SYSTEMS,
        ),
    ] = None,
    system_format: Annotated[
        list[str] | None,
        typer.Option(
            help="Format of the systems: one for all, or the option once for each; default: "
            "--format, else by suffix.",
            rich_help_panel=SYSTEMS,
        ),
    ] = None,
    system_scheme: Annotated[
        list[str] | None,
        typer.Option(
            help="Tag scheme of the systems: one for all that write tags, or the option once for "
            "each of these; default: --scheme, else the format's usual one.",
            rich_help_panel=SYSTEMS,
        ),
    ] = None,
    dataset: options.Dataset = None,
    split: Annotated[
        str, typer.Option(help="train, dev or test.", rich_help_panel=options.DATA)
    ] = "test",
    input: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "--gold",
            help="A file with gold entities, instead of a dataset.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    reading: Reading = AS_USUAL,
    dictionary: options.Dictionary = None,
    graph_backend: options.GraphBackend = options.Backend.auto,
    kernel: options.Kernel = options.Kernels.auto,
    device: options.Device = "auto",
    precision: options.Precision = options.Precisions.float32,
    batch_size: options.BatchSize = BATCH_SIZE,
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
    report: Annotated[
        Path | None,
        typer.Option(
            help="Write a report with charts: scores, errors, kinds of entities. A file named "
            ".html, .md or .json.",
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            help="The training split, by which the report tells seen entities from unseen ones; "
            "read as --input is. Default: that of the dataset.",
            rich_help_panel=options.DATA,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Score runs, or any system's output, against gold entities: precision, recall and F1.

    An entity is correct when its boundaries and its type are; every gold entity counts. Each F1
    has its 95 % interval over documents, or over sentences where there are no documents. With
    --parser the scores on the trees of the sentences and on those of the parser stand side by side.

    Example: synner eval runs/sample --dataset sample --split test --json

    Example: synner eval runs/sample --dataset sample --raw

    Several runs stand side by side. --report also tells exact, partial and type-only matches,
    which type is read as which, and scores by kind of entity, such as seen and unseen ones.

    Example: synner eval runs/sample --dataset sample --report report.html

    Example: synner eval --system a.conll2003 --system b.jsonl --gold test.conllu
    """
    runs, systems = runs or [], system or []
    data = split_of(dataset, input, split, reading)
    check_output(report, (input, train, *systems, *(dictionary or ())))
    if not systems and (system_format or system_scheme):
        raise InputError("--system-format and --system-scheme say how --system is read.")
    _check(runs, systems, reading, parser, raw, report, train)
    if dictionary and systems:
        raise InputError("--dictionary is for a run, not for --system.")
    phrases = dictionary_of(dictionary)
    forms_from = None if train is None else DataConfig(train=train, **reading.settings())
    if train is None and dataset is not None:
        forms_from = data

    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.evaluation.evaluate import evaluate_and_keep
    from synner_graph.evaluation.intervals import with_intervals
    from synner_graph.evaluation.signature import signature_of

    def opened(run: str) -> "Recogniser":
        ner = open_any(run, reading.features, graph_backend, device, kernel, precision)
        ner.dictionary = phrases
        return ner

    ner = opened(runs[0]) if runs else None
    text = None if ner is None else ner.text_config
    corpus = corpus_of(data, splits=(split,), text=text)
    print_notes(corpus.notes)
    sentences = corpus.splits[split]
    signature = replace(
        signature_of(data, split), dictionary=",".join(path.name for path in dictionary or ())
    )
    if ner is not None and (raw or parser is not None):
        if raw:
            _tell_raw(ner, sentences, split, signature, parser, json)
        elif parser is not None:
            _tell_trees(ner, sentences, split, signature, parser, batch_size, json)
        print_notes(dictionary_notes(phrases))
        return
    reports: dict[str, Report] = {}
    found: dict[str, Sequence[Sequence[Entity]]] = {}
    for run in runs:
        ner = opened(run) if reports or ner is None else ner
        reports[run], found[run] = evaluate_and_keep(ner, sentences, split, batch_size, signature)
    if systems:
        runtime = Runtime(graph_backend, device, kernel, batch_size)
        scored_systems = score_systems(
            systems,
            system_format or (),
            system_scheme or (),
            sentences,
            signature,
            split,
            reading,
            runtime,
        )
        for name, pair in scored_systems.items():
            reports[name], found[name] = pair
    if report is None:
        reports = {name: with_intervals(scored, sentences) for name, scored in reports.items()}
    else:
        reports = _write_report(report, sentences, found, reports, forms_from)
    print_notes(dictionary_notes(phrases))
    _tell(reports, json)


def _tell_raw(
    ner: "Recogniser",
    sentences: Sequence[Sentence],
    split: str,
    signature: Signature,
    parser: str | None,
    json: bool,
) -> None:
    """Print the scores of what is found in raw text."""
    from synner_graph.evaluation.raw_text import evaluate_raw
    from synner_graph.parsers import RUN

    parser = parser or RUN
    named = partial(ner.pipe, parser=parser)
    both = evaluate_raw(named, sentences, split, replace(signature, trees=parser))
    if json:
        print_json(both.to_json())
    else:
        print_report(both.documents, "raw documents")
        print_report(both.sentences, "raw sentences")


def _tell_trees(
    ner: "Recogniser",
    sentences: Sequence[Sentence],
    split: str,
    signature: Signature,
    parser: str,
    batch_size: int,
    json: bool,
) -> None:
    """Print the scores on the trees of the sentences beside those on a parser's."""
    from synner_graph.evaluation.tree_comparison import compare_trees
    from synner_graph.recogniser.synner import SynNER, load_parser

    if not isinstance(ner, SynNER):
        raise InputError(
            "--parser compares the trees of one run, and a combination has several: add --raw, "
            "or name a run."
        )
    trees = load_parser(parser, ner)
    compared = compare_trees(ner, trees, sentences, split, batch_size, signature)
    print_notes(compared.notes)
    if json:
        print_json(compared.to_json())
    else:
        print_comparison(compared)


def _tell(reports: Mapping[str, Report], json: bool) -> None:
    """Print the scores of one system, or of several side by side."""
    only, *_ = reports.values()
    if json:
        for scored in reports.values():
            print_notes(notes_of(scored))
        signed = [{"run": run, **scored.signed_json()} for run, scored in reports.items()]
        print_json(signed if len(reports) > 1 else only.signed_json())
    elif len(reports) > 1:
        print_side_by_side(reports)
    else:
        print_report(only)


def _check(
    runs: Sequence[str],
    systems: Sequence[str],
    reading: Reading,
    parser: str | None,
    raw: bool,
    report: Path | None,
    train: Path | None,
) -> None:
    """Refuse options that have no meaning together."""
    names = [*runs, *systems]
    if not names:
        raise InputError("Say what to score: runs, or --system FILE.")
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"expected each run or system once, got {name} twice")
    if raw or parser is not None:
        option = "--raw" if raw else "--parser"
        if systems:
            raise InputError(f"{option} is for a run, not for --system.")
        if len(runs) > 1 or report is not None:
            several = "several runs" if len(runs) > 1 else "--report"
            raise InputError(f"expected either {option} or {several}, got both")
    if not runs and reading.features is not None:
        raise InputError("--encoder.features is for a run, not for --system.")
    if report is not None:
        from synner_graph.evaluation.report import report_format

        report_format(report)
    elif train is not None:
        raise InputError("--train tells seen entities from unseen ones in a report: say --report.")


def _write_report(
    path: Path,
    sentences: Sequence[Sentence],
    found: Mapping[str, Sequence[Sequence[Entity]]],
    reports: Mapping[str, Report],
    forms_from: DataConfig | None,
) -> dict[str, Report]:
    """Write the report of each system, and return its scores with their intervals."""
    from synner_graph.data.corpora.catalogue import corpus_of
    from synner_graph.evaluation.analysis import analyse
    from synner_graph.evaluation.buckets import forms_of
    from synner_graph.evaluation.report import report_format, report_text

    forms = None
    if forms_from is not None:
        forms = forms_of(corpus_of(forms_from, splits=("train",)).splits["train"])
    else:
        print_notes(["the report does not tell seen from unseen entities: --train FILE is missing"])
    analyses = [
        analyse(run, sentences, found[run], scored, forms) for run, scored in reports.items()
    ]
    write_text(path, report_text(analyses, report_format(path)))
    return {analysis.name: analysis.report for analysis in analyses}
