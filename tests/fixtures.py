"""Small things that many tests build: trees and sentences, and a transformer on a diet."""

import json
import random
import string
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from synner_graph.config import RunConfig, nested
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.recogniser.new import new_recogniser
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.recogniser.settings import Place, combine
from synner_graph.recogniser.synner import SynNER

RELATIONS = ("nsubj", "obj", "det", "punct")
WORDS = ("the", "dr", "##ing", "##son", "an", "in", "paris", "##es")


def random_heads(draw: random.Random, length: int) -> list[int]:
    """Heads of a random tree with one root; any tree can come up, crossing arcs included."""
    order = draw.sample(range(length), length)
    heads = [ROOT] * length
    for place, token in enumerate(order[1:], start=1):
        heads[token] = order[draw.randrange(place)]
    return heads


def random_entities(
    draw: random.Random, length: int, labels: Sequence[str] = ("LOC", "PER")
) -> list[Entity]:
    """Entities that share no token, now and then side by side."""
    entities, start = [], 0
    while start < length:
        end = min(length, start + draw.randint(1, 3))
        if draw.random() < 0.4:
            entities.append(Entity(start, end, draw.choice(labels)))
        start = end
    return entities


def random_sentence(
    draw: random.Random, length: int, relations: Sequence[str] = RELATIONS
) -> Sentence:
    """Words of random letters, a random tree and random entities."""
    letters = string.ascii_letters + string.digits
    return Sentence(
        tokens=["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(length)],
        heads=random_heads(draw, length),
        relations=draw.choices(relations, k=length),
        entities=random_entities(draw, length),
    )


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """WordPiece as BERT has it, over single characters and a few words.

    Every lower-case ASCII word can be spelled, at one piece a character at worst.
    """
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*special, *characters, *(f"##{c}" for c in characters), *WORDS]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def save_tiny_transformer(folder: Path, layers: int = 2) -> None:
    """Write a BERT with few layers, width 16 and 40 positions: random weights, real files.

    So few positions send any sentence of more than 36 pieces through windows. The weights are large
    enough for neighbors to change each other's states.
    """
    tokenizer = tiny_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        initializer_range=0.4,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def tiny_config(transformer: Path | str, **overrides: Any) -> RunConfig:
    """Settings of a model that trains in a second; overrides are dotted, with `__` for the dot."""
    tiny = {
        "encoder.name": str(transformer),
        "encoder.character_size": 8,
        "encoder.character_embedding_size": 8,
        "gnn.size": 12,
        "recurrent.size": 10,
        "head.hidden_size": 14,
        "training.epochs": 2,
        "training.batch_size": 8,
        "training.learning_rate": 1e-2,
    }
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    places = (Place("tiny", nested(tiny), shared=True), Place("the test", nested(dotted)))
    return combine(places)[0]


def building(config: RunConfig) -> Callable[[Sequence[Sentence]], SynNER]:
    """What makes a new recogniser with these settings, on a CPU."""
    cpu = torch.device("cpu")
    return partial(new_recogniser, config, backend="torch", device=cpu, kernel="auto")


def outcome(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files of a run, and its metrics without what may differ when it is trained again."""
    files = RunFolder(folder).read()
    metrics = json.loads(files.pop("metrics.json"))
    del metrics["seconds"], metrics["resumes"], metrics["provenance"]
    for epoch in metrics["epochs"]:
        del epoch["seconds"]
    return files, metrics
