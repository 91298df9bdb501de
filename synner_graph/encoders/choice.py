"""What the settings of an encoder choose: a transformer, words, characters. Imports no torch."""

from synner_graph.config import EncoderConfig
from synner_graph.data.words.lexicon import Spelling

CHARACTERS_ALONE = "characters"
LEXICAL = "lexical"


def has_transformer(config: EncoderConfig) -> bool:
    """Say whether a transformer is part of the encoder."""
    return config.name not in (CHARACTERS_ALONE, LEXICAL)


def reads_words(config: EncoderConfig) -> bool:
    """Say whether word embeddings are part of the encoder."""
    return config.words or config.name == LEXICAL


def reads_characters(config: EncoderConfig) -> bool:
    """Say whether the characters of each token are part of the encoder."""
    return config.orthography or config.name == CHARACTERS_ALONE


def spelling(config: EncoderConfig) -> Spelling:
    """Return how tokens are looked up among the words."""
    return Spelling(config.lowercase_words, config.zero_digits)
