"""Train a model with each registered GNN layer for one epoch: a warning is an error.

    python benchmarks/every_layer.py --dataset uner-ewt

Everything but the layer has its default settings; the encoder reads characters alone, so that an
epoch takes minutes.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Annotated

import torch
import typer

from synner_graph.config import load_config
from synner_graph.data.corpora.catalogue import corpus_of
from synner_graph.gnn import LAYERS
from synner_graph.training.run import train


def main(
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "sample",
    encoder: Annotated[str, typer.Option(help="As in `train`.")] = "characters",
    graph_backend: Annotated[str, typer.Option(help="auto, dgl or torch.")] = "auto",
    train_subset: Annotated[int | None, typer.Option(help="Train on that many sentences.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of PyTorch.")] = 1,
) -> None:
    """Print the seconds and the mean loss of the epoch of each layer."""
    torch.set_num_threads(threads)
    settings = {
        "data.dataset": dataset,
        "data.train_subset": train_subset,
        "encoder.name": encoder,
        "training.epochs": 1,
    }
    data = load_config(overrides=settings).data
    corpus = corpus_of(data, splits=("train",))
    for name in LAYERS:
        config = load_config(overrides=settings | {"gnn.name": name})
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("error")
            metrics, _ = train(config, corpus, Path(folder), graph_backend, "cpu", progress=False)
        epoch, count = metrics["epochs"][0], metrics["counts"]["train"]["sentences"]
        typer.echo(
            f"{name:18} {count} sentences {epoch['seconds']:7.1f} s  loss {epoch['loss']:.3f}"
        )


if __name__ == "__main__":
    typer.run(main)
