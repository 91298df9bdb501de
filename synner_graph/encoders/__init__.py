"""Encoders: from sentences to one vector a token."""

from transformers import PretrainedConfig, PreTrainedTokenizerBase

from synner_graph.config import EncoderConfig
from synner_graph.data.vocabulary import Vocabulary
from synner_graph.encoders.base import ConcatEncoder, TokenEncoder
from synner_graph.encoders.characters import CharacterEncoder
from synner_graph.encoders.shape import ShapeEncoder
from synner_graph.encoders.transformer import TransformerEncoder, load_blueprint, resolve

__all__ = [
    "CHARACTERS_ALONE",
    "Blueprint",
    "ConcatEncoder",
    "TokenEncoder",
    "TransformerEncoder",
    "build_encoder",
    "load_blueprint",
    "resolve",
]

CHARACTERS_ALONE = "characters"
Blueprint = tuple[PretrainedConfig, PreTrainedTokenizerBase]


def build_encoder(
    config: EncoderConfig, characters: Vocabulary, blueprint: Blueprint | None
) -> ConcatEncoder:
    """The encoder that the settings describe, with random weights.

    Args:
        config: settings.
        characters: known characters.
        blueprint: configuration and tokenizer of the transformer; None for characters alone.
    """
    parts: list[TokenEncoder] = []
    if blueprint is not None:
        parts.append(TransformerEncoder(*blueprint, pooling=config.pooling))
    if blueprint is None or config.orthography:
        size = config.character_size or (200 if blueprint is None else 50)
        parts.append(
            CharacterEncoder(characters, config.character_embedding_size, size, config.dropout)
        )
    if config.orthography:
        parts.append(ShapeEncoder(config.shape_size))
    return ConcatEncoder(parts)
