"""The floor: plain token classification with transformers, beside `--syntax none --head crf`.

    python benchmarks/floor.py --dataset uner-ewt --run runs/uner-ewt-crf-none-none

Fine-tunes `AutoModelForTokenClassification` with the encoder, sentences, epochs, batch size, seed
and learning rates of a finished run, and prints the test F1 of both. Without `--run` it trains that
run first, in `--output`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from accelerate.utils import set_seed

from synner_graph.benchmarking.plain import PlainLearner, PlainTagger
from synner_graph.config import RunConfig, load_config
from synner_graph.data.corpora.catalogue import corpus_of
from synner_graph.data.sentence import Sentence
from synner_graph.encoders.packages import resolve
from synner_graph.evaluation.scores import score_entities
from synner_graph.training.batches import LengthGroupedBatches, training_units
from synner_graph.training.run import train


def fit(tagger: PlainTagger, config: RunConfig, sentences: Sequence[Sentence]) -> None:
    """Train as long and as fast as the run did."""
    settings = config.training
    units = training_units(sentences, documents=False)
    batches = LengthGroupedBatches(units, settings.batch_size, settings.seed)
    learner = PlainLearner(tagger, settings, batches.total(settings.epochs))
    for epoch in range(1, settings.epochs + 1):
        for rows in batches.epoch(epoch):
            learner.step(tagger.collate([sentence for row in rows for sentence in units[row]]))
        typer.echo(f"baseline: epoch {epoch} of {settings.epochs} done", err=True)


def main(
    dataset: Annotated[str, typer.Option(help="Corpus of the catalogue.")] = "uner-ewt",
    run: Annotated[Path | None, typer.Option(help="A finished run to compare with.")] = None,
    output: Annotated[Path, typer.Option(help="Where to train that run.")] = Path("runs/floor"),
    train_subset: Annotated[int | None, typer.Option(help="Train on that many sentences.")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the data.")] = 3,
) -> None:
    """Print the test F1 of the run, of the baseline, and their difference."""
    if run is None:
        overrides = {
            "data.dataset": dataset,
            "gnn.name": "none",
            "recurrent.name": "none",
            "training.epochs": epochs,
        }
        if train_subset is not None:
            overrides["data.train_subset"] = train_subset
        config = load_config(overrides=overrides)
        corpus = corpus_of(config.data)
        ours = train(config, corpus, output, overwrite=True)[0]["test"]
    else:
        metrics = json.loads((run / "metrics.json").read_bytes())
        config = RunConfig.model_validate(metrics["config"])
        corpus = corpus_of(config.data)
        ours = metrics["test"]
    set_seed(config.training.seed)
    sentences, test = corpus.splits["train"], corpus.splits["test"]
    labels = sorted({entity.label for sentence in sentences for entity in sentence.entities})
    tagger = PlainTagger(resolve(config.encoder.name), labels)
    fit(tagger, config, sentences)
    report = score_entities((s.entities for s in test), tagger.predict(test, batch_size=32), "test")
    typer.echo(f"synner, {config.head.name} head, no syntax  test F1 {ours['overall']['f1']:.2f}")
    typer.echo(f"AutoModelForTokenClassification  test F1 {report.overall.f1:.2f}")
    typer.echo(f"difference                       {ours['overall']['f1'] - report.overall.f1:+.2f}")


if __name__ == "__main__":
    typer.run(main)
