"""Adapters: what learns, and that merged weights compute the same."""

import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, GPT2Config

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.lora import add_adapters, merged_state
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.errors import InputError

SENTENCES = [Sentence(["The", "Drs", "sing"]), Sentence(["an", "end"])]


def load(folder: Path, rank: int) -> TransformerEncoder:
    encoder = TransformerEncoder(*load_blueprint(str(folder)), "first", lora=(rank, 4))
    encoder.load_pretrained(str(folder))
    return encoder


@pytest.fixture
def adapted(tiny_transformer: Path) -> TransformerEncoder:
    pytest.importorskip("peft")
    return load(tiny_transformer, 2)


def draw(model: torch.nn.Module) -> None:
    """Random adapters; they start as zero."""
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)


def test_adapters_start_without_effect(adapted: TransformerEncoder, tiny_transformer: Path) -> None:
    plain = load(tiny_transformer, 0).eval()
    inputs = plain.collate(SENTENCES)
    torch.testing.assert_close(adapted.eval()(inputs), plain(inputs))


def test_the_gradient_reaches_adapters_and_nothing_else(adapted: TransformerEncoder) -> None:
    draw(adapted)
    found = adapted(adapted.collate(SENTENCES))
    (found * torch.randn_like(found)).sum().backward()
    trained = {name for name, p in adapted.named_parameters() if p.grad is not None}
    assert trained == {name for name, _ in adapted.named_parameters() if ".lora_" in name}
    layers = ("query", "key", "value", "attention.output", "intermediate", "output")
    assert len(trained) == 2 * 2 * len(layers)


def test_merged_weights_compute_the_same(
    adapted: TransformerEncoder, tiny_transformer: Path
) -> None:
    draw(adapted)
    plain = load(tiny_transformer, 0).eval()
    inputs = plain.collate(SENTENCES)
    expected = adapted.eval()(inputs)
    assert (plain(inputs) - expected).abs().max() > 0.1
    plain.load_state_dict(merged_state(adapted))
    torch.testing.assert_close(plain(inputs), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(adapted(inputs), expected)


def test_transposed_maps_are_merged_too() -> None:
    pytest.importorskip("peft")
    sizes = {"n_embd": 8, "n_head": 2, "n_layer": 1, "bos_token_id": 0, "eos_token_id": 0}
    config = GPT2Config(vocab_size=9, **sizes)
    adapted, plain = (AutoModel.from_config(config).eval() for _ in range(2))
    add_adapters(adapted, 2, 4)
    draw(adapted)
    plain.load_state_dict(merged_state(adapted))
    ids = torch.arange(9).unsqueeze(0)
    found, expected = (model(input_ids=ids).last_hidden_state for model in (plain, adapted))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_model_without_adapters_is_its_own_state(tiny_transformer: Path) -> None:
    plain = load(tiny_transformer, 0)
    state = merged_state(plain)
    assert state.keys() == plain.state_dict().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in plain.state_dict().items())


def test_without_peft(tiny_transformer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputError, match=r"pip install 'synner-graph\[lora\]'"):
        load(tiny_transformer, 2)
