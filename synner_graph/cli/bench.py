"""`bench`: measurements, from an installed package as from a checkout."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json

bench = typer.Typer(no_args_is_help=True, help="Measure how fast the program is here.")


@bench.callback()
def main() -> None:
    """Measure how fast the program is here; on an idle machine, or the numbers mean little."""


@bench.command("kernels")
def kernels(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is timed.")] = 15,
    threads: Annotated[int, typer.Option(min=1, help="Threads of PyTorch.")] = 2,
    json: options.Json = False,
) -> None:
    """Time every implementation of the Syn-LSTM beside torch.nn.LSTM of the same hidden size.

    They take turns in one process, on 32 sentences with the lengths of a real batch and on 32 of
    120 tokens; given are medians. Less than 1 is faster than torch.nn.LSTM. The CRF and the span
    scores follow, on the real batch, each beside its baseline.

    Example: synner bench kernels --json
    """
    from synner_graph.benchmarking import kernels as benchmark
    from synner_graph.benchmarking.crf import measure_crf
    from synner_graph.benchmarking.span import measure_span

    measurements = benchmark.measure_syn_lstm(rounds, threads)
    comparisons = measure_crf(rounds, threads) + measure_span(rounds, threads)
    if json:
        rows = [asdict(comparison) for comparison in comparisons]
        print_json({**benchmark.to_json(measurements, threads), "comparisons": rows})
        return
    table = Table("batch", "H", "work", "implementation", "ms", "ratio")
    for m in measurements:
        numbers = f"{m.milliseconds:.2f}", f"{m.ratio:.2f}"
        table.add_row(m.shape, str(m.hidden), m.work, m.implementation, *numbers)
    output.print(table)
    others = Table("operator", "shape", "implementation", "ms or MB", "ratio", "to")
    for c in comparisons:
        amount = 1000 * c.seconds if c.seconds is not None else c.megabytes
        numbers = f"{amount:.2f}", f"{c.ratio:.3f}"
        others.add_row(c.name, c.shape, c.implementation, *numbers, c.baseline)
    output.print(others)
