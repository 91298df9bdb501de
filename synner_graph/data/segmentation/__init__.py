"""Find tokens and sentences in raw text, and entities with their place in it."""

from collections.abc import Sequence

from synner_graph.config import TextConfig
from synner_graph.data.segmentation.languages import language
from synner_graph.data.segmentation.segment import Segment, Segmenter
from synner_graph.data.segmentation.split import SPLITTERS
from synner_graph.data.segmentation.tokenize import TOKENIZERS
from synner_graph.data.sentence import Sentence

__all__ = ["Segment", "Segmenter", "build_segmenter", "resolve_tokenizer"]


def build_segmenter(config: TextConfig) -> Segmenter:
    """Build the tokenizer and splitter that the settings name.

    Raises:
        InputError: The language is unknown.
    """
    words = language(config.language)
    tokenizer = TOKENIZERS[config.tokenizer or "rules"](words)
    return Segmenter(tokenizer, SPLITTERS[config.splitter](words, config.max_tokens))


def resolve_tokenizer(config: TextConfig, sentences: Sequence[Sentence]) -> TextConfig:
    """Choose a tokenizer: characters if the training tokens are characters, else the rules."""
    if config.tokenizer is not None:
        return config
    letters = [token for s in sentences for token in s.tokens if token.isalpha()]
    alone = sum(len(token) == 1 for token in letters)
    are_characters = bool(letters) and alone > 0.95 * len(letters)
    return config.model_copy(update={"tokenizer": "characters" if are_characters else "rules"})
