"""What the settings build, and encoders side by side."""

from pathlib import Path

import pytest
import torch

from synner_graph.config import EncoderConfig
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.encoders import TransformerEncoder, build_encoder, load_blueprint
from synner_graph.encoders.base import ConcatEncoder
from synner_graph.encoders.characters import CharacterEncoder
from synner_graph.encoders.shape import ShapeEncoder

CHARACTERS = Vocabulary(tuple("abc"))
SENTENCES = [Sentence(["Abba", "cab"]), Sentence(["b"])]
WITH, ALONE = 50, 200  # character filters beside a transformer and without one


@pytest.mark.parametrize(
    ("settings", "transformer", "parts", "size"),
    [
        ({}, True, [TransformerEncoder, CharacterEncoder, ShapeEncoder], 16 + WITH + 10),
        ({"orthography": False}, True, [TransformerEncoder], 16),
        ({}, False, [CharacterEncoder, ShapeEncoder], ALONE + 10),
        ({"orthography": False}, False, [CharacterEncoder], ALONE),
        ({"character_size": 7, "shape_size": 3}, False, [CharacterEncoder, ShapeEncoder], 10),
        ({"character_size": 7, "orthography": False}, True, [TransformerEncoder], 16),
    ],
)
def test_settings_choose_the_parts(
    tiny_transformer: Path,
    settings: dict[str, object],
    transformer: bool,
    parts: list[type],
    size: int,
) -> None:
    blueprint = load_blueprint(str(tiny_transformer)) if transformer else None
    encoder = build_encoder(EncoderConfig.model_validate(settings), CHARACTERS, blueprint)
    assert [type(part) for part in encoder.encoders] == parts
    assert encoder.output_size == size
    assert encoder(encoder.collate(SENTENCES)).shape == (3, size)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_pooling_reaches_the_transformer(tiny_transformer: Path, pooling: str) -> None:
    blueprint = load_blueprint(str(tiny_transformer))
    settings = EncoderConfig.model_validate({"pooling": pooling, "orthography": False})
    (part,) = build_encoder(settings, CHARACTERS, blueprint).encoders
    assert isinstance(part, TransformerEncoder)
    assert part.pieces.first_only == (pooling == "first")


def test_dropout_reaches_the_characters() -> None:
    encoder = build_encoder(EncoderConfig(dropout=0.25), CHARACTERS, None)
    assert isinstance(encoder.encoders[0], CharacterEncoder)
    assert encoder.encoders[0].dropout.p == 0.25


def test_features_stand_side_by_side() -> None:
    first = ShapeEncoder(2)
    second = CharacterEncoder(CHARACTERS, 3, 4, dropout=0.0)
    both = ConcatEncoder([first, second])
    inputs = both.collate(SENTENCES)
    expected = torch.cat([first(inputs), second(inputs)], dim=1)
    assert torch.equal(both(inputs), expected)
    assert inputs.keys() == first.collate(SENTENCES).keys() | second.collate(SENTENCES).keys()
