"""`bench`: measurements, from an installed package as from a checkout."""

from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json

bench = typer.Typer(no_args_is_help=True, help="Measure how fast the program is here.")


@bench.callback()
def main() -> None:
    """Measure how fast the program is here; on an idle machine, or the numbers mean little."""


@bench.command("gnn")
def gnn(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 15,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = 2,
    graph_backend: options.GraphBackend = options.Backend.auto,
    json: options.Json = False,
) -> None:
    """Time forward and backward of every GNN layer beside gcn.

    They take turns in one process, on 32 trees with the lengths of a real batch; given are medians.

    Example: synner bench gnn --graph-backend torch --json
    """
    from synner_graph.benchmarking import gnn as benchmark

    measurements = benchmark.measure_layers(graph_backend, rounds, threads)
    if json:
        print_json(benchmark.to_json(measurements, graph_backend, threads))
        return
    table = Table("layer", "relations", "ms", "ratio")
    for m in measurements:
        numbers = f"{m.milliseconds:.2f}", f"{m.ratio:.2f}"
        table.add_row(m.layer, "read" if m.reads_relations else "", *numbers)
    output.print(table)
