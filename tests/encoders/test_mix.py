"""A learned mix of layers."""

from pathlib import Path

import torch

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.mix import LayerMix
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint

SENTENCES = [Sentence(["The", "Drs", "sing"]), Sentence(["an", "end"])]


def test_the_mix_is_the_equation() -> None:
    mix = LayerMix(4)
    layers = torch.randn(4, 3, 5, requires_grad=True)
    torch.testing.assert_close(mix(layers), layers.mean(0))

    torch.nn.init.normal_(mix.scores)
    torch.nn.init.constant_(mix.scale, 1.7)
    shares = mix.scores.exp() / mix.scores.exp().sum()
    expected = 1.7 * torch.einsum("l,lnd->nd", shares, layers)
    found = mix(layers)
    torch.testing.assert_close(found, expected)
    upstream, leaves = torch.randn_like(found), [layers, mix.scores]
    torch.testing.assert_close(
        torch.autograd.grad(found, leaves, upstream),
        torch.autograd.grad(expected, leaves, upstream),
    )


def load(folder: Path, frozen: str = "none") -> TransformerEncoder:
    encoder = TransformerEncoder(*load_blueprint(str(folder)), "first", frozen, mix=True)
    encoder.load_pretrained(str(folder))
    return encoder


def test_all_layers_of_a_transformer_are_mixed(tiny_transformer: Path) -> None:
    encoder = load(tiny_transformer).eval()
    inputs = encoder.collate(SENTENCES)
    states = encoder.transformer(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        output_hidden_states=True,
    ).hidden_states
    assert len(states) == 3
    expected = torch.stack(states).mean(0).flatten(0, 1)[inputs.piece_index]
    torch.testing.assert_close(encoder(inputs), expected)


def test_the_mix_learns_over_a_frozen_transformer(tiny_transformer: Path) -> None:
    encoder = load(tiny_transformer, "all")
    found = encoder(encoder.collate(SENTENCES))
    (found * torch.randn_like(found)).sum().backward()
    assert encoder.mix is not None
    for name, parameter in encoder.named_parameters():
        assert (parameter.grad is not None) == name.startswith("mix."), name
    assert encoder.mix.scores.grad is not None and encoder.mix.scores.grad.all()
