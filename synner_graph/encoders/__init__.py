"""Encoders: from sentences to one vector a token."""

from typing import Any

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from synner_graph.config import EncoderConfig
from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.data.words.lexicon import Spelling
from synner_graph.encoders.base import ConcatEncoder, TokenEncoder
from synner_graph.encoders.characters import CHARACTER_MODELS
from synner_graph.encoders.columns import RelationEncoder, UposEncoder
from synner_graph.encoders.depth import NOTHING
from synner_graph.encoders.features import FeatureEncoder
from synner_graph.encoders.gazetteer import GazetteerEncoder
from synner_graph.encoders.packages import resolve
from synner_graph.encoders.pruning import prune_vocabulary
from synner_graph.encoders.shape import ShapeEncoder
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint
from synner_graph.encoders.words import WordEncoder
from synner_graph.errors import InputError

__all__ = [
    "Blueprint",
    "ConcatEncoder",
    "FeatureEncoder",
    "TokenEncoder",
    "TransformerEncoder",
    "WordEncoder",
    "build_encoder",
    "check_encoder",
    "has_transformer",
    "load_blueprint",
    "prune_vocabulary",
    "reads_words",
    "resolve",
    "spelling",
]

CHARACTERS_ALONE = "characters"
LEXICAL = "lexical"
WINDOW = 128
"""Pieces of a document that are encoded together, unless another number is asked for."""
Blueprint = tuple[PretrainedConfig, PreTrainedTokenizerBase]


def has_transformer(config: EncoderConfig) -> bool:
    """Whether a transformer is part of the encoder."""
    return config.name not in (CHARACTERS_ALONE, LEXICAL)


def reads_words(config: EncoderConfig) -> bool:
    """Whether word embeddings are part of the encoder."""
    return config.words or config.name == LEXICAL


def spelling(config: EncoderConfig) -> Spelling:
    """How tokens are looked up among the words."""
    return Spelling(config.lowercase_words, config.zero_digits)


def check_encoder(config: EncoderConfig) -> None:
    """Refuse settings of a new model that contradict each other, before work begins.

    Raises:
        InputError: They do.
    """
    if config.vectors is not None and not reads_words(config):
        raise InputError(
            "The setting encoder.vectors needs words: --encoder lexical, or --encoder.words true "
            "beside a transformer."
        )
    unused = {
        "prune_vocabulary": False,
        "context": "sentence",
        "window": None,
        "freeze": NOTHING,
        "transformer_dropout": None,
        "layer_mix": False,
        "lora_rank": 0,
    }
    for name, default in unused.items():
        if getattr(config, name) != default and not has_transformer(config):
            raise InputError(f"The setting encoder.{name} needs a transformer.")
    if config.window is not None and config.context != "document":
        raise InputError("The setting encoder.window needs encoder.context document.")
    if config.lora_rank and config.freeze != NOTHING:
        raise InputError("With encoder.lora_rank the transformer is frozen: leave encoder.freeze.")
    if config.features_size and config.features is None:
        raise InputError("The setting encoder.features_size is read off encoder.features: name it.")
    if config.fix_words and config.vectors is None:
        raise InputError("The setting encoder.fix_words needs vectors: --encoder.vectors FILE.")


def build_encoder(
    config: EncoderConfig,
    vocabularies: Vocabularies,
    blueprint: Blueprint | None,
    fold_subtypes: bool = False,
    gazetteer: Gazetteer | None = None,
) -> ConcatEncoder:
    """The encoder that the settings describe, with random weights.

    Args:
        config: settings.
        vocabularies: known characters, words, parts of speech and relations.
        blueprint: configuration and tokenizer of the transformer; None where there is none.
        fold_subtypes: read relations without their subtypes.
        gazetteer: phrases with their types, where the encoder reads them.
    """
    parts: list[TokenEncoder[Any]] = []
    if blueprint is not None:
        parts.append(
            TransformerEncoder(
                *blueprint,
                config.pooling,
                config.freeze,
                config.layer_mix,
                (config.lora_rank, config.lora_alpha),
                window=(config.window or WINDOW) if config.context == "document" else 0,
            )
        )
    if config.features_size:
        parts.append(FeatureEncoder(config.features_size))
    if reads_words(config):
        parts.append(
            WordEncoder(
                vocabularies.words,
                config.word_size,
                spelling(config),
                config.word_dropout,
                config.fix_words,
            )
        )
    if config.orthography or config.name == CHARACTERS_ALONE:
        read_characters = CHARACTER_MODELS[config.character_model]
        parts.append(
            read_characters(
                vocabularies.characters,
                config.character_embedding_size,
                config.character_size or (50 if parts else 200),
                config.dropout,
                config.zero_digits,
            )
        )
    if config.orthography and config.shape_size:
        parts.append(ShapeEncoder(config.shape_size))
    if config.upos_size:
        parts.append(UposEncoder(vocabularies.upos, config.upos_size))
    if config.relation_size:
        parts.append(RelationEncoder(vocabularies.relations, config.relation_size, fold_subtypes))
    if config.gazetteer_size:
        assert gazetteer is not None
        parts.append(GazetteerEncoder(gazetteer, config.gazetteer_size))
    return ConcatEncoder(parts)
