"""`bench precision`: what each precision of a run finds, and how fast."""

from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json
from synner_graph.data.batching import BATCH_SIZE


def precision(
    run: options.Run,
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    data_dir: options.DataDir = None,
    batch_size: options.BatchSize = BATCH_SIZE,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = 2,
    device: options.Device = "cpu",
    json: options.Json = False,
) -> None:
    """Score a run on dev and test in each precision that the processor has instructions for.

    `changed` is the share of the entities found in this precision or in float32 that only one of
    both finds.

    Example: synner bench precision runs/sample --json
    """
    from synner_graph.benchmarking.precision import measure_precisions
    from synner_graph.benchmarking.timing import threads as with_threads
    from synner_graph.cli.source import open_run
    from synner_graph.config import DataConfig
    from synner_graph.data.corpora.catalogue import corpus_of

    ner = open_run(run, None, "auto", device)
    data = DataConfig(dataset=dataset, data_dir=data_dir)
    corpus = corpus_of(data, splits=("dev", "test"), text=ner.text_config)
    splits = {name: list(ner.with_trees(rows)) for name, rows in corpus.splits.items() if rows}
    with with_threads(threads):
        found = measure_precisions(ner, splits, batch_size)
    if json:
        print_json([outcome.to_json() for outcome in found])
        return
    table = Table("split", "precision", "F1", "changed", "sentences/s")
    for outcome in found:
        numbers = f"{outcome.f1:.2f}", f"{outcome.changed:.1%}"
        rate = f"{outcome.sentences_per_second:.1f}"
        table.add_row(outcome.split, outcome.precision, *numbers, rate)
    output.print(table)
