"""Reading and collating a training split, cold and from the cache.

    python benchmarks/reading.py --dataset uner-ewt

Cold is the first run on a corpus: the files are read and what was read is kept. Then the same from
the cache, in turns, each time with a new collator that knows no token yet; medians. Seconds of the
clock, and of the processor in brackets: where other programs run, the second is what to compare.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer

from synner_graph.config import RunConfig, load_config
from synner_graph.data.corpora.catalogue import corpus_of
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders.packages import resolve
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.files import CACHE_VARIABLE
from synner_graph.graph.backends import graph_backend
from synner_graph.model.network import SynNERModel
from synner_graph.training.batches import LengthGroupedBatches, training_units

Seconds = tuple[float, float]
"""Of the clock, of the processor."""


class Watch:
    """Seconds since it was made or last read."""

    def __init__(self) -> None:
        self.started = time.perf_counter(), time.process_time()

    def read(self) -> Seconds:
        """Seconds, and start anew."""
        clock, processor = self.started
        self.started = time.perf_counter(), time.process_time()
        return self.started[0] - clock, self.started[1] - processor


def new_model(config: RunConfig, sentences: tuple[Sentence, ...]) -> SynNERModel:
    """A model with random weights, for its collator."""
    vocabularies = Vocabularies.collect(sentences)
    blueprint = load_blueprint(resolve(config.encoder.name))
    return SynNERModel(config, vocabularies, graph_backend("torch"), blueprint, "naive")


def once(config: RunConfig) -> tuple[Seconds, Seconds]:
    """Read and collate every training sentence."""
    watch = Watch()
    sentences = corpus_of(config.data, ("train",)).splits["train"]
    reading = watch.read()
    collator = new_model(config, sentences).collator
    settings = config.training
    units = training_units(sentences, documents=False)
    batches = LengthGroupedBatches(units, settings.batch_size, settings.seed)
    watch.read()
    for rows in batches.epoch(1):
        collator([sentence for row in rows for sentence in units[row]])
    return reading, watch.read()


def main(
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "uner-ewt",
    data_dir: Annotated[Path | None, typer.Option(envvar="SYNNER_DATA_DIR")] = None,
    encoder: Annotated[str, typer.Option(help="Folder or hub id of a transformer.")] = "minilm",
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Of PyTorch.")] = 2,
) -> None:
    """Print the seconds of both, side by side."""
    torch.set_num_threads(threads)
    config = load_config(
        overrides={"data.dataset": dataset, "data.data_dir": data_dir, "encoder.name": encoder}
    )
    cold: list[tuple[Seconds, Seconds]] = []
    cached: list[tuple[Seconds, Seconds]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            os.environ[CACHE_VARIABLE] = folder
            cold.append(once(config))
            cached.append(once(config))
    print(f"{'':12}{'cold':>16}{'cached':>16}")
    for name, parts in (("reading", (0,)), ("collating", (1,)), ("both", (0, 1))):
        cells = []
        for found in (cold, cached):
            clock, processor = (
                median(sum(row[part][kind] for part in parts) for row in found) for kind in (0, 1)
            )
            cells.append(f"{clock:.2f} ({processor:.2f})")
        print(f"{name:12}{cells[0]:>16}{cells[1]:>16}")


if __name__ == "__main__":
    typer.run(main)
