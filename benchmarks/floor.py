"""The floor: plain token classification with transformers, beside `--syntax none --head crf`.

    python benchmarks/floor.py --dataset uner-ewt --run runs/uner-ewt-crf-none-none

Fine-tunes `AutoModelForTokenClassification` with the encoder, sentences, epochs, batch size, seed
and learning rates of a finished run, and prints the test F1 of both. Without `--run` it trains that
run first, in `--output`.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from accelerate.utils import set_seed
from torch.optim import AdamW
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    get_linear_schedule_with_warmup,
)

from synner_graph.config import RunConfig, load_config
from synner_graph.data.catalogue import corpus_of
from synner_graph.data.schemes import entities_to_tags, tag_set, tags_to_entities
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.encoders import resolve
from synner_graph.evaluation import Report, evaluate
from synner_graph.training import LengthGroupedBatches, train

IGNORED = -100


class Baseline:
    """A pretrained encoder with a linear layer on each token's first piece; BIO tags, softmax."""

    def __init__(self, config: RunConfig, sentences: tuple[Sentence, ...]) -> None:
        source = resolve(config.encoder.name)
        self.tags = tag_set(sorted({e.label for s in sentences for e in s.entities}), "bio")
        self.tokenizer = AutoTokenizer.from_pretrained(source, add_prefix_space=True)
        self.model = AutoModelForTokenClassification.from_pretrained(
            source, num_labels=len(self.tags)
        )
        self.collate = DataCollatorForTokenClassification(self.tokenizer)

    def batch(self, sentences: list[Sentence]) -> Any:
        """Padded pieces; the tag of each token at its first piece."""
        features = []
        for sentence in sentences:
            tags = entities_to_tags(sentence.entities, len(sentence), "bio")
            encoded = self.tokenizer(
                list(sentence.tokens), is_split_into_words=True, truncation=True
            )
            words = encoded.word_ids()
            encoded["labels"] = [
                self.tags.index(tags[word]) if word is not None and word != before else IGNORED
                for before, word in zip([None, *words], words, strict=False)
            ]
            features.append(encoded)
        return self.collate(features)

    def fit(self, config: RunConfig, sentences: tuple[Sentence, ...]) -> None:
        """Train as long and as fast as the run did."""
        settings = config.training
        batches = LengthGroupedBatches(
            [len(s) for s in sentences], settings.batch_size, settings.seed
        )
        steps = len(batches) * settings.epochs
        head = list(self.model.classifier.parameters())
        optimizer = AdamW(
            [
                {
                    "params": self.model.base_model.parameters(),
                    "lr": settings.encoder_learning_rate,
                },
                {"params": head, "lr": settings.learning_rate},
            ],
            weight_decay=settings.weight_decay,
            fused=True,
        )
        schedule = get_linear_schedule_with_warmup(optimizer, round(settings.warmup * steps), steps)
        self.model.train()
        for epoch in range(1, settings.epochs + 1):
            for rows in batches.epoch(epoch):
                self.model(**self.batch([sentences[row] for row in rows])).loss.backward()
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip_norm)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            typer.echo(f"baseline: epoch {epoch} of {settings.epochs} done", err=True)

    @torch.inference_mode()
    def predict(self, sentences: tuple[Sentence, ...]) -> list[list[Entity]]:
        """Best tag of each token; broken sequences are repaired."""
        self.model.eval()
        found: list[list[Entity]] = []
        for start in range(0, len(sentences), 32):
            batch = self.batch(list(sentences[start : start + 32]))
            gold = batch.pop("labels")
            best = self.model(**batch).logits.argmax(-1)
            for row, kept, sentence in zip(best, gold != IGNORED, sentences[start:], strict=False):
                tags = [self.tags[tag] for tag in row[kept].tolist()]
                tags += ["O"] * (len(sentence) - len(tags))  # pieces beyond the encoder's limit
                found.append(tags_to_entities(tags, "bio", repair=True)[0])
        return found


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
    baseline = Baseline(config, corpus.splits["train"])
    baseline.fit(config, corpus.splits["train"])
    test = corpus.splits["test"]
    report: Report = evaluate((s.entities for s in test), baseline.predict(test), "test")
    typer.echo(f"synner, {config.head.name} head, no syntax  test F1 {ours['overall']['f1']:.2f}")
    typer.echo(f"AutoModelForTokenClassification  test F1 {report.overall.f1:.2f}")
    typer.echo(f"difference                       {ours['overall']['f1'] - report.overall.f1:+.2f}")


if __name__ == "__main__":
    typer.run(main)
