"""Build the encoder that settings describe."""

from typing import Any

from synner_graph.config import EncoderConfig
from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders.base import ConcatEncoder, TokenEncoder
from synner_graph.encoders.blueprint import Blueprint
from synner_graph.encoders.characters import CHARACTER_MODELS
from synner_graph.encoders.choice import reads_characters, reads_words, spelling
from synner_graph.encoders.columns import RelationEncoder, UposEncoder
from synner_graph.encoders.features import FeatureEncoder
from synner_graph.encoders.gazetteer import GazetteerEncoder
from synner_graph.encoders.shape import ShapeEncoder
from synner_graph.encoders.transformer import TransformerEncoder
from synner_graph.encoders.words import WordEncoder

WINDOW = 128
"""Pieces of a document that are encoded together, unless another number is asked for."""


def build_encoder(
    config: EncoderConfig,
    vocabularies: Vocabularies,
    blueprint: Blueprint | None,
    fold_subtypes: bool = False,
    gazetteer: Gazetteer | None = None,
) -> ConcatEncoder:
    """The encoder that the settings describe, with random weights.

    Args:
        config: Settings.
        vocabularies: Known characters, words, parts of speech and relations.
        blueprint: Configuration and tokenizer of the transformer; None where there is none.
        fold_subtypes: Read relations without their subtypes.
        gazetteer: Phrases with their types, where the encoder reads them.
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
    if reads_characters(config):
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
        parts.append(UposEncoder(vocabularies.upos, config.upos_size, config.upos_column))
    if config.relation_size:
        parts.append(RelationEncoder(vocabularies.relations, config.relation_size, fold_subtypes))
    if config.gazetteer_size:
        assert gazetteer is not None
        parts.append(GazetteerEncoder(gazetteer, config.gazetteer_size))
    return ConcatEncoder(parts)
