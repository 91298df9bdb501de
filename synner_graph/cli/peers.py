"""`bench peers`: other recognisers on the same sentences."""

from pathlib import Path
from typing import Annotated

import typer

from synner_graph.cli import options
from synner_graph.cli.console import output, print_json, print_notes


def peers(
    names: Annotated[
        str, typer.Option("--peers", help="Who takes part, joined by commas.")
    ] = "synner,transformers,flair,span-marker,spacy",
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    data_dir: options.DataDir = None,
    encoder: Annotated[
        str, typer.Option(help="Transformer of all but spaCy: hub id, folder, minilm or e5.")
    ] = "minilm",
    minutes: Annotated[float, typer.Option(min=0, help="Minutes that each trains.")] = 45,
    threads: Annotated[int, typer.Option(min=1, help="Threads of each process.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice.")] = 1,
    folder: Annotated[
        Path, typer.Option(help="Environments, models and files; some gigabytes.")
    ] = Path("runs/peers"),
    json: options.Json = False,
) -> None:
    """Train other recognisers for the same time on the same sentences, and compare.

    Each peer is installed by pip into an environment of its own in FOLDER. It learns from 200 and
    from 800 sentences to see how many epochs the minutes allow, or what part of one, and then
    trains that long, with the settings of its documentation. Then all predict in turns, three
    times. F1 on test is from gold tokens, and from the raw texts of whole documents where a peer
    reads these.

    Repeat the command to go on: a peer that is trained on these terms is not trained again. One
    that cannot be installed is named below the table with the reason.

    Example: synner bench peers --dataset uner-ewt --data-dir corpora --minutes 45
    """
    from synner_graph.benchmarking.peers.catalogue import chosen
    from synner_graph.benchmarking.peers.contest import Contest, Terms
    from synner_graph.benchmarking.peers.table import table
    from synner_graph.data.corpora.catalogue import load_corpus

    taking_part = chosen(names)
    corpus = load_corpus(dataset, data_dir, ["train", "dev", "test"])
    terms = Terms(encoder, minutes, threads, seed)
    rows = Contest(corpus, terms, folder, lambda note: print_notes([note])).run(taking_part)
    if json:
        print_json(rows)
        return
    for line in table(rows):
        output.print(line, markup=False, soft_wrap=True)
