"""`bench busy`: training beside processes that never rest."""

import os
from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json
from synner_graph.cli.numbers import numbers_of


def busy(
    processes: Annotated[
        str, typer.Option(help="Numbers of busy processes beside it, each measured.")
    ] = "1,3",
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each measurement.")] = 20,
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    data_dir: options.DataDir = None,
    encoder: Annotated[str, typer.Option(help="Hub id or folder of a transformer.")] = "minilm",
    json: options.Json = False,
) -> None:
    """Time training on all cores, alone and beside busy single-threaded processes.

    Three times: with threads that wait as is OpenMP's default, awake for long; passive ones, which
    sleep at once; and brief ones, as this program has them, which stay awake for a moment. `of
    fair` is the share of its speed that training keeps, by the share of the cores due to it.

    Example: synner bench busy --processes 1,3 --json
    """
    from synner_graph.benchmarking.busy import measure_busy
    from synner_graph.benchmarking.workload import Workload

    counts = numbers_of("--processes", processes)
    folder = None if data_dir is None else str(data_dir)
    cores = os.cpu_count() or 1
    workload = Workload("train", dataset, folder, encoder, "crf", 600, 30, cores)
    loads = measure_busy(workload, counts, seconds)
    if json:
        print_json([load.to_json() for load in loads])
        return
    table = Table("threads wait", "busy", "sentences/s", "share", "fair", "of fair")
    for load in loads:
        shares = (load.share, load.fair, load.share / load.fair)
        numbers = (f"{load.sentences_per_second:.1f}", *(f"{share:.2f}" for share in shares))
        table.add_row(load.policy, str(load.busy), *numbers)
    output.print(table)
