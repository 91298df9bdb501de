"""`bench serve`, `bench threads` and `bench workers`: a run that many use at once."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json
from synner_graph.cli.numbers import numbers_of


def serve(
    run: options.Run,
    requests: Annotated[
        int, typer.Option(min=1, help="Texts that are asked for, each time.")
    ] = 1000,
    clients: Annotated[str, typer.Option(help="Numbers of clients, each timed.")] = "1,8,64",
    dataset: Annotated[str, typer.Option(help="Corpus whose test texts are read.")] = "sample",
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Time a server on the loopback, beside prediction of one text after the other.

    Each client asks for one text after the other, on a connection of its own. The first row is the
    same run in Python, without a server.

    Example: synner bench serve runs/sample --requests 1000 --clients 1,8,64
    """
    from synner_graph.benchmarking.serving import measure_serving

    numbers = numbers_of("--clients", clients)
    alone, *loads = measure_serving(run, _texts(dataset, data_dir), requests, numbers)
    if json:
        print_json([load.to_json(alone) for load in (alone, *loads)])
        return
    table = Table("clients", "answered", "requests/s", "p50, ms", "p99, ms", "to one by one")
    for load in (alone, *loads):
        table.add_row(
            str(load.clients or "one by one"),
            f"{load.answered} of {load.requests}",
            f"{load.rate:.1f}",
            f"{load.p50:.1f}",
            f"{load.p99:.1f}",
            f"{load.rate / alone.rate:.2f}",
        )
    output.print(table)


def threads(
    run: options.Run,
    threads: Annotated[str, typer.Option(help="Numbers of threads, each timed.")] = "1,2",
    texts: Annotated[int, typer.Option(min=1, help="Texts that are read each time.")] = 300,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 5,
    dataset: Annotated[str, typer.Option(help="Corpus whose test texts are read.")] = "sample",
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Time one recogniser that several threads of a program use, on one text after the other.

    They take turns in one process, and each has one thread of PyTorch; given are medians, and the
    ratio to the first number of threads.

    Example: synner bench threads runs/sample --threads 1,2
    """
    from synner_graph.benchmarking import threads as benchmark
    from synner_graph.evaluation.combination.saved import open_recogniser

    numbers = numbers_of("--threads", threads)
    test = _texts(dataset, data_dir)
    found = benchmark.measure_threads(open_recogniser(run), test, texts, numbers, rounds)
    if json:
        print_json(benchmark.to_json(found, texts, rounds))
        return
    table = Table("threads", "texts/s", f"ratio to {found[0].threads}")
    for row in found:
        table.add_row(str(row.threads), f"{row.texts_per_second:.1f}", f"{row.ratio:.2f}")
    output.print(table)


def workers(
    run: options.Run,
    numbers: Annotated[
        str, typer.Option("--workers", help="Numbers of workers, each timed.")
    ] = "1,2",
    texts: Annotated[int, typer.Option(min=1, help="Texts that are named, each time.")] = 20_000,
    chunk: Annotated[
        int, typer.Option(min=1, help="Characters that a worker names at a time.")
    ] = 100_000,
    dataset: Annotated[str, typer.Option(help="Corpus whose test texts are read.")] = "sample",
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Time predict --workers: processes of one thread each, beside one.

    The start of the processes does not count: it is that of a prediction. The main process hands
    out texts and takes in names; its share of a core says how many workers it can serve.

    Example: synner bench workers runs/sample --workers 1,2 --texts 20000
    """
    from synner_graph.benchmarking.workers import measure_workers

    counts = numbers_of("--workers", numbers)
    found = measure_workers(run, _texts(dataset, data_dir), texts, chunk, counts)
    if json:
        print_json([speed.to_json(found[0]) for speed in found])
        return
    columns = ("workers", "sentences", "seconds", "sentences/s", f"to {counts[0]}")
    table = Table(*columns, "main process")
    for speed in found:
        ratio = f"{speed.rate / found[0].rate:.2f}"
        cells = f"{speed.sentences:,}", f"{speed.seconds:.1f}", f"{speed.rate:.1f}"
        share = f"{speed.main_seconds / speed.seconds:.1%}"
        table.add_row(str(speed.workers), *cells, ratio, share)
    output.print(table)


def _texts(dataset: str, data_dir: Path | None) -> list[str]:
    """Return the test texts of a corpus, a sentence each."""
    from synner_graph.config import DataConfig
    from synner_graph.data.corpora.catalogue import corpus_of

    corpus = corpus_of(DataConfig(dataset=dataset, data_dir=data_dir), ("test",))
    return [s.text or " ".join(s.tokens) for s in corpus.splits["test"]]
