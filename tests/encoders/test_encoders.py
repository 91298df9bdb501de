"""What the settings build, and encoders side by side."""

from pathlib import Path

import pytest
import torch

from synner_graph.config import EncoderConfig
from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabularies, Vocabulary
from synner_graph.data.words.lexicon import Spelling
from synner_graph.encoders.base import ConcatEncoder
from synner_graph.encoders.build import build_encoder
from synner_graph.encoders.characters import CharacterCNN, CharacterLSTM
from synner_graph.encoders.columns import RelationEncoder, UposEncoder
from synner_graph.encoders.features import FeatureEncoder
from synner_graph.encoders.settings import PARTS, check_encoder, unread_settings
from synner_graph.encoders.shape import ShapeEncoder
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.encoders.words import WordEncoder
from synner_graph.errors import InputError

CHARACTERS = Vocabulary(tuple("abc"))
VOCABULARIES = Vocabularies(
    labels=("PER",),
    relations=Vocabulary(("obj",)),
    characters=CHARACTERS,
    upos=Vocabulary(("NOUN", "VERB")),
    words=Vocabulary(("cab", "b")),
)
SENTENCES = [
    Sentence(["Abba", "cab"], heads=[-1, 0], relations=["root", "obj"], upos=["NOUN", "VERB"]),
    Sentence(["b"], heads=[-1], relations=["root"], upos=["X"]),
]
WITH, ALONE = 50, 200  # character filters beside a transformer and without one


@pytest.mark.parametrize(
    ("settings", "transformer", "parts", "size"),
    [
        ({}, True, [TransformerEncoder, CharacterCNN, ShapeEncoder], 16 + WITH + 10),
        ({"orthography": False}, True, [TransformerEncoder], 16),
        ({}, False, [CharacterCNN, ShapeEncoder], ALONE + 10),
        ({"name": "characters", "orthography": False}, False, [CharacterCNN], ALONE),
        ({"character_size": 7, "shape_size": 3}, False, [CharacterCNN, ShapeEncoder], 10),
        ({"shape_size": 0}, True, [TransformerEncoder, CharacterCNN], 16 + WITH),
        ({"name": "lexical"}, False, [WordEncoder, CharacterCNN, ShapeEncoder], 100 + WITH + 10),
        ({"name": "lexical", "orthography": False, "word_size": 7}, False, [WordEncoder], 7),
        (
            {"name": "lexical", "character_model": "lstm", "shape_size": 0},
            False,
            [WordEncoder, CharacterLSTM],
            100 + WITH,
        ),
        (
            {"words": True, "orthography": False, "upos_size": 3, "relation_size": 4},
            True,
            [TransformerEncoder, WordEncoder, UposEncoder, RelationEncoder],
            16 + 100 + 3 + 4,
        ),
        ({"character_size": 7, "orthography": False}, True, [TransformerEncoder], 16),
        (
            {"name": "characters", "features_size": 4, "shape_size": 0},
            False,
            [FeatureEncoder, CharacterCNN],
            4 + WITH,
        ),
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
    encoder = build_encoder(EncoderConfig.model_validate(settings), VOCABULARIES, blueprint)
    assert [type(part) for part in encoder.encoders] == parts
    assert encoder.output_size == size
    if FeatureEncoder not in parts:
        assert encoder(encoder.collate(SENTENCES)).shape == (3, size)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_pooling_reaches_the_transformer(tiny_transformer: Path, pooling: str) -> None:
    blueprint = load_blueprint(str(tiny_transformer))
    settings = EncoderConfig.model_validate({"pooling": pooling, "orthography": False})
    (part,) = build_encoder(settings, VOCABULARIES, blueprint).encoders
    assert isinstance(part, TransformerEncoder)
    assert part.pieces.first_only == (pooling == "first")


def test_a_transformer_gets_its_settings(tiny_transformer: Path) -> None:
    settings = {"orthography": False, "freeze": 1, "layer_mix": True}
    blueprint = load_blueprint(str(tiny_transformer))
    (part,) = build_encoder(EncoderConfig(**settings), VOCABULARIES, blueprint).encoders
    assert isinstance(part, TransformerEncoder)
    assert part.frozen == "1" and part.mix is not None and part.lora == (0, 16)


def test_adapters_leave_nothing_to_freeze() -> None:
    with pytest.raises(InputError, match=r"leave encoder\.freeze"):
        check_encoder(EncoderConfig(lora_rank=2, freeze="all"))


def test_dropout_reaches_the_characters() -> None:
    encoder = build_encoder(EncoderConfig(dropout=0.25), VOCABULARIES, None)
    assert isinstance(encoder.encoders[0], CharacterCNN)
    assert encoder.encoders[0].dropout.p == 0.25


def test_features_stand_side_by_side() -> None:
    first = ShapeEncoder(2)
    second = CharacterCNN(CHARACTERS, 3, 4, dropout=0.0)
    both = ConcatEncoder([first, second])
    expected = torch.cat([part(part.collate(SENTENCES)) for part in (first, second)], dim=1)
    assert torch.equal(both(both.collate(SENTENCES)), expected)


def test_two_encoders_of_one_kind_read_inputs_of_their_own() -> None:
    words = Vocabulary(("cab",)), 3
    folded, exact = (WordEncoder(*words, Spelling(lower), 0.0, False) for lower in (True, False))
    both = ConcatEncoder([folded, exact])
    sentences = [Sentence(["Cab", "cab"])]
    inputs = both.collate(sentences)
    expected = torch.cat([part(part.collate(sentences)) for part in (folded, exact)], dim=1)
    assert torch.equal(both(inputs), expected)
    found = both(inputs).tolist()
    assert found[0][:3] == found[1][:3] and found[0][3:] != found[1][3:]
    assert {tensor.ids.device.type for tensor in inputs.to("meta").parts} == {"meta"}


def test_pieces_are_those_of_the_first_encoder_that_reads_any(tiny_transformer: Path) -> None:
    transformer = TransformerEncoder(*load_blueprint(str(tiny_transformer)), "first")
    both = ConcatEncoder([ShapeEncoder(2), transformer])
    inputs = both.collate(SENTENCES)
    assert both.piece_counts(inputs) is inputs.parts[1].piece_counts
    shapes = ConcatEncoder([ShapeEncoder(2)])
    assert shapes.piece_counts(shapes.collate(SENTENCES)) is None


def test_every_part_gets_its_settings() -> None:
    settings = {"name": "lexical", "word_dropout": 0.3, "zero_digits": True}
    config = EncoderConfig.model_validate(settings | {"lowercase_words": False, "fix_words": True})
    words, characters, _ = build_encoder(config, VOCABULARIES, None).encoders
    assert isinstance(words, WordEncoder) and isinstance(characters, CharacterCNN)
    assert words.dropout == 0.3
    assert words.spelling.zero_digits and not words.spelling.lowercase
    assert not words.vectors.weight.requires_grad
    assert characters.zero_digits


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lora_rank": 3, "freeze": 3}, "leave encoder.freeze"),
        ({"features_size": 3}, "features_size is read off encoder.features"),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_encoder(EncoderConfig.model_validate(settings))
    mended = settings | {"freeze": "none", "features": "f.npz"}
    check_encoder(EncoderConfig.model_validate(mended))


@pytest.mark.parametrize("name", ["minilm", "lexical", "characters"])
def test_every_setting_is_read_by_a_part_or_by_all(name: str) -> None:
    unread = {setting for setting, _ in unread_settings(EncoderConfig(name=name))}
    shared = {"name", "words", "orthography", "dropout"}
    read = {setting for part in PARTS.values() for setting in part.settings}
    assert read | shared == EncoderConfig.model_fields.keys()
    assert unread <= read | {"words"}
    assert ("pooling" in unread) == (name != "minilm")
    assert ("word_size" in unread) == (name != "lexical")
