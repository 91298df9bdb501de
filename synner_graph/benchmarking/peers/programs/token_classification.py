"""transformers: AutoModelForTokenClassification by Trainer, as its guide has it.

https://huggingface.co/docs/transformers/tasks/token_classification: learning rate 2e-5, batches of
16, weight decay 0.01, the first piece of each word tagged, the epoch with the lowest loss on dev.
"""

from typing import TYPE_CHECKING, Any

from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
    pipeline,
)

if TYPE_CHECKING:
    from synner_graph.benchmarking.peers.programs.run_peer import Work

BATCH = 16
IGNORED = -100


def train(work: "Work") -> None:
    """See run_peer."""
    tags = work.tags
    model = AutoModelForTokenClassification.from_pretrained(
        work.encoder,
        id2label=dict(enumerate(tags)),
        label2id={tag: number for number, tag in enumerate(tags)},
        trust_remote_code=False,
    )
    tokenizer = AutoTokenizer.from_pretrained(work.encoder, trust_remote_code=False)
    tokenizer.model_max_length = min(512, model.config.max_position_embeddings)
    arguments = TrainingArguments(
        output_dir=f"{work.output}/checkpoints",
        learning_rate=2e-5,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        num_train_epochs=work.epochs,
        weight_decay=0.01,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        seed=work.seed,
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=[_encode(tokenizer, line, tags) for line in work.train],
        eval_dataset=[_encode(tokenizer, line, tags) for line in work.dev],
        data_collator=DataCollatorForTokenClassification(tokenizer),
    )
    trainer.train()
    trainer.save_model(work.output)
    tokenizer.save_pretrained(work.output)


def _encode(tokenizer: Any, line: dict[str, Any], tags: list[str]) -> dict[str, Any]:
    """The pieces of a sentence, with the tag of each word at its first piece."""
    found = tokenizer(line["tokens"], is_split_into_words=True, truncation=True)
    words = found.word_ids()
    before = [None, *words[:-1]]
    first = [w is not None and w != b for w, b in zip(words, before, strict=True)]
    labels = [
        tags.index(line["tags"][word]) if begins else IGNORED
        for word, begins in zip(words, first, strict=True)
    ]
    return {**found, "labels": labels}


def load(folder: str) -> Any:
    """See run_peer."""
    return pipeline("token-classification", model=folder, device="cpu", batch_size=BATCH)


def name_tokens(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of sentences, by tokens: the best tag of each word's first piece."""
    import torch

    found = []
    for start in range(0, len(lines), BATCH):
        tokens = [line["tokens"] for line in lines[start : start + BATCH]]
        batch = model.tokenizer(
            tokens,
            is_split_into_words=True,
            truncation=True,
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            best = model.model(**batch).logits.argmax(-1).tolist()
        for row, sentence in enumerate(tokens):
            tags = ["O"] * len(sentence)
            words = batch.word_ids(row)
            for place in reversed(range(len(words))):  # the first piece is written last
                if words[place] is not None:
                    tags[words[place]] = model.model.config.id2label[best[row][place]]
            found.append(_spans(tags))
    return found


def name_texts(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of texts, by characters."""
    texts = [line["text"] for line in lines]
    # A long text is read in windows; without them it would be cut off.
    found = model(texts, aggregation_strategy="first", stride=model.tokenizer.model_max_length // 4)
    return [[(e["start"], e["end"], e["entity_group"]) for e in entities] for entities in found]


def _spans(tags: list[str]) -> list[tuple[int, int, str]]:
    """The entities of BIO tags; an I that nothing begins begins one."""
    spans: list[tuple[int, int, str]] = []
    for place, tag in enumerate(tags):
        if tag == "O":
            continue
        prefix, _, label = tag.partition("-")
        if prefix == "I" and spans and spans[-1][1:] == (place, label):
            spans[-1] = (spans[-1][0], place + 1, label)
        else:
            spans.append((place, place + 1, label))
    return spans
