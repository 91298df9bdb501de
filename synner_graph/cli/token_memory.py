"""`bench memory`: what a batch takes for each of its tokens."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json


def memory(
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    data_dir: options.DataDir = None,
    encoder: Annotated[str, typer.Option(help="Hub id or folder of a transformer.")] = "minilm",
    sentences: Annotated[
        int, typer.Option(min=1, help="Of a batch, drawn from the training split.")
    ] = 30,
    json: options.Json = False,
) -> None:
    """Weigh what each token of a batch takes at the peak, by head and by the widest span.

    Of the default model on a CPU, whole and its head alone, in training (forward and backward) and
    prediction. A batch is weighed beside one that holds it twice, so weights do not count.

    Example: synner bench memory --json
    """
    from synner_graph.benchmarking.token_memory import measure_token_memory, rows, sentences_of

    found = measure_token_memory(encoder, sentences_of(dataset, data_dir, sentences))
    if json:
        print_json([asdict(one) for one in found])
        return
    title = "kB a token"
    table = Table(
        "head", "widest span", "train", "predict", "head, train", "head, predict", title=title
    )
    for row in rows(found):
        table.add_row(*row)
    output.print(table)
