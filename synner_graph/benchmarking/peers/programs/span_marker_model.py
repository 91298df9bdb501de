"""SpanMarker, with the settings of its training guide.

https://tomaarsen.github.io/SpanMarkerNER/notebooks/model_training.html: learning rate 5e-5, batches
of 32, warm-up of 0.1, weight decay 0.01, 256 pieces, entities of up to 8 words.
"""

from typing import TYPE_CHECKING, Any

from span_marker import SpanMarkerModel, Trainer
from transformers import TrainingArguments

from datasets import Dataset

if TYPE_CHECKING:
    from synner_graph.benchmarking.peers.programs.run_peer import Work

BATCH = 32


def train(work: "Work") -> None:
    """See run_peer."""
    tags = work.tags
    model = SpanMarkerModel.from_pretrained(
        work.encoder, labels=tags, model_max_length=256, marker_max_length=128, entity_max_length=8
    )
    arguments = TrainingArguments(
        output_dir=f"{work.output}/checkpoints",
        learning_rate=5e-5,
        per_device_train_batch_size=BATCH,
        num_train_epochs=work.epochs,
        weight_decay=0.01,
        warmup_ratio=0.1,
        eval_strategy="no",  # its evaluation fetches a script from the hub
        save_strategy="no",
        seed=work.seed,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=_dataset(work.train, tags))
    trainer.train()
    trainer.save_model(work.output)


def _dataset(lines: list[dict[str, Any]], tags: list[str]) -> Dataset:
    return Dataset.from_dict(
        {
            "tokens": [line["tokens"] for line in lines],
            "ner_tags": [[tags.index(tag) for tag in line["tags"]] for line in lines],
        }
    )


def load(folder: str) -> Any:
    """See run_peer."""
    return SpanMarkerModel.from_pretrained(folder)


def name_tokens(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of sentences, by tokens."""
    found = model.predict([line["tokens"] for line in lines], batch_size=BATCH)
    return [
        [(e["word_start_index"], e["word_end_index"], e["label"]) for e in entities]
        for entities in found
    ]
