"""The usual alternative: transformers' own token classification, on padded batches."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
)

from synner_graph.config import TrainingConfig
from synner_graph.data.schemes import entities_to_tags, tag_set, tags_to_entities
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.encoders.blueprint import max_length

IGNORED = -100


class PlainTagger:
    """A pretrained encoder with a linear layer on each token's first piece; BIO tags, softmax.

    Args:
        source: Hub id or folder of the encoder.
        labels: Entity labels.
    """

    def __init__(self, source: str, labels: Sequence[str]) -> None:
        self.tags = tag_set(sorted(labels), "bio")
        self.tokenizer = AutoTokenizer.from_pretrained(
            source, add_prefix_space=True, trust_remote_code=False
        )
        self.model = AutoModelForTokenClassification.from_pretrained(
            source, num_labels=len(self.tags), trust_remote_code=False
        )
        self.limit = max_length(self.model.config, self.tokenizer)
        self.collator = DataCollatorForTokenClassification(self.tokenizer)

    def collate(self, sentences: Sequence[Sentence], with_gold: bool = True) -> Any:
        """Pad the pieces; the first piece of each token has its tag, or O if gold is not read."""
        encoded = self.tokenizer(
            [list(sentence.tokens) for sentence in sentences],
            is_split_into_words=True,
            truncation=True,
            max_length=self.limit,
        )
        features = []
        for row, sentence in enumerate(sentences):
            gold = sentence.entities if with_gold else ()
            tags = entities_to_tags(gold, len(sentence), "bio")
            words = encoded.word_ids(row)
            labels = [
                self.tags.index(tags[word]) if word is not None and word != before else IGNORED
                for before, word in zip([None, *words], words, strict=False)
            ]
            features.append({key: values[row] for key, values in encoded.items()})
            features[-1]["labels"] = labels
        return self.collator(features)

    def decode(
        self, logits: Tensor, labels: Tensor, sentences: Sequence[Sentence]
    ) -> list[list[Entity]]:
        """Choose the best tag of each token, and repair broken sequences."""
        found = []
        rows = zip(logits.argmax(-1), labels != IGNORED, sentences, strict=True)
        for best, kept, sentence in rows:
            tags = [self.tags[tag] for tag in best[kept].tolist()]
            tags += ["O"] * (len(sentence) - len(tags))  # pieces beyond the encoder's limit
            found.append(tags_to_entities(tags, "bio", repair=True)[0])
        return found

    @torch.inference_mode()
    def predict(self, sentences: Sequence[Sentence], batch_size: int) -> list[list[Entity]]:
        """Predict the entities of each sentence, in batches in the given order."""
        self.model.eval()
        found: list[list[Entity]] = []
        for start in range(0, len(sentences), batch_size):
            rows = sentences[start : start + batch_size]
            batch = self.collate(rows, with_gold=False)
            labels = batch.pop("labels")
            found += self.decode(self.model(**batch).logits, labels, rows)
        return found


class PlainLearner:
    """Takes the steps of a plain tagger's training.

    Args:
        tagger: What learns.
        settings: Learning rates and their schedule.
        steps: How many there will be.
    """

    def __init__(self, tagger: PlainTagger, settings: TrainingConfig, steps: int) -> None:
        from transformers import get_linear_schedule_with_warmup  # large, and of no use to predict

        model = tagger.model
        pretrained, new = model.base_model.parameters(), model.classifier.parameters()
        self.model = model.train()
        self.optimizer: Optimizer = AdamW(
            [
                {"params": list(pretrained), "lr": settings.encoder_learning_rate},
                {"params": list(new), "lr": settings.learning_rate},
            ],
            weight_decay=settings.weight_decay,
            fused=True,
        )
        warmup = round(settings.warmup * steps)
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, warmup, steps)
        self.clip_norm = settings.clip_norm
        self.narrow = settings.precision == "bf16"

    def compute_gradients(self, batch: Any) -> None:
        """Run the model forward and backward, in mixed precision if the settings say so."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.narrow):
            loss = self.model(**batch).loss
        loss.backward()

    def step(self, batch: Any) -> None:
        """Learn from a batch."""
        self.compute_gradients(batch)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
