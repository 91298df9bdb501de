"""Levels of a transformer's weights, and freezing them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AlbertConfig,
    AutoConfig,
    AutoModel,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    ModernBertConfig,
    XLNetConfig,
)

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.depth import parameter_levels
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.errors import InputError

SENTENCES = [Sentence(["The", "Drs", "sing", "in", "Paris", "!"]), Sentence(["an"])]
SIZES = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 9}
THREE = {"num_hidden_layers": 3}
MODELS = {
    "bert": (AutoConfig.for_model("bert", **SIZES, **THREE), "embeddings", "encoder.layer.1"),
    "roberta": (AutoConfig.for_model("roberta", **SIZES, **THREE), "embeddings", "encoder.layer.1"),
    "electra": (
        ElectraConfig(**SIZES, **THREE, embedding_size=4),
        "embeddings_project",
        "encoder.layer.1",
    ),
    "distilbert": (
        DistilBertConfig(vocab_size=9, dim=8, n_heads=2, n_layers=3, hidden_dim=8),
        "embeddings",
        "transformer.layer.1",
    ),
    "modernbert": (
        ModernBertConfig(**SIZES, **THREE, pad_token_id=0, cls_token_id=1, sep_token_id=2),
        "embeddings",
        "layers.1",
    ),
    "gpt2": (GPT2Config(vocab_size=9, n_embd=8, n_head=2, n_layer=3), "wpe", "h.1"),
    "xlnet": (
        XLNetConfig(vocab_size=9, d_model=8, n_head=2, n_layer=3, d_inner=8),
        "mask_emb",
        "layer.1",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_levels(name: str) -> None:
    config, embeddings, second = MODELS[name]
    levels = parameter_levels(AutoModel.from_config(config))
    assert {level for n, level in levels.items() if n.startswith(embeddings)} == {0}
    assert {level for n, level in levels.items() if n.startswith(f"{second}.")} == {2}
    assert set(levels.values()) - {4} == {0, 1, 2, 3}
    above = {n.partition(".")[0] for n, level in levels.items() if level == 4}
    assert above <= {"pooler", "final_norm", "ln_f"}


def test_shared_layers_are_refused() -> None:
    config = AlbertConfig(**SIZES, **THREE, embedding_size=4)
    with pytest.raises(InputError, match="AlbertModel has no list of layers"):
        parameter_levels(AutoModel.from_config(config))


def load(folder: Path, frozen: str) -> TransformerEncoder:
    encoder = TransformerEncoder(*load_blueprint(str(folder)), "first", frozen)
    encoder.load_pretrained(str(folder))
    return encoder


TRAINED = {"none": (0, 1, 2), "embeddings": (1, 2), "1": (2,), "2": (), "all": ()}


@pytest.mark.parametrize("frozen", TRAINED)
def test_the_gradient_reaches_what_is_not_frozen_and_nothing_else(
    frozen: Any, tiny_transformer: Path
) -> None:
    encoder = load(tiny_transformer, frozen)
    found = encoder(encoder.collate(SENTENCES))
    assert found.requires_grad == bool(TRAINED[frozen])
    if TRAINED[frozen]:
        (found * torch.randn_like(found)).sum().backward()
    levels = parameter_levels(encoder.transformer)
    for name, parameter in encoder.transformer.named_parameters():
        learns = levels[name] in TRAINED[frozen]
        assert parameter.requires_grad == learns, name
        assert (parameter.grad is not None) == learns, name


@pytest.mark.parametrize("frozen", TRAINED)
def test_frozen_parts_have_no_dropout(frozen: Any, tiny_transformer: Path) -> None:
    encoder = load(tiny_transformer, frozen)
    inputs = encoder.collate(SENTENCES)
    for _ in range(2):
        encoder.train()
        below, *layers = encoder.transformer.embeddings, *encoder.transformer.encoder.layer
        for level, part in enumerate([below, *layers]):
            dropouts = [m for m in part.modules() if isinstance(m, torch.nn.Dropout)]
            assert dropouts
            assert {m.training for m in dropouts} == {level in TRAINED[frozen]}
        same = torch.equal(encoder(inputs), encoder(inputs))
        assert same == (not TRAINED[frozen])
        encoder.eval()
        assert not any(module.training for module in encoder.modules())


def test_frozen_layers_read_as_before(tiny_transformer: Path) -> None:
    frozen, trained = (load(tiny_transformer, what).eval() for what in ("all", "none"))
    inputs = trained.collate(SENTENCES)
    assert torch.equal(frozen(inputs), trained(inputs))


def test_more_layers_than_there_are(tiny_transformer: Path) -> None:
    with pytest.raises(InputError, match=r"encoder\.freeze is 3, but the transformer has 2 layers"):
        load(tiny_transformer, "3")
