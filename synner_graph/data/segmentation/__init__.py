"""Find tokens and sentences in raw text."""

import re
from collections.abc import Iterator, Sequence

from synner_graph.config import TextConfig
from synner_graph.data.segmentation.blanks import has_no_blanks
from synner_graph.data.segmentation.languages import language
from synner_graph.data.segmentation.segment import Segment, Segmenter
from synner_graph.data.segmentation.split import SPLITTERS
from synner_graph.data.segmentation.tokenize import TOKENIZERS, Rules, Tokenizer
from synner_graph.data.sentence import Sentence

__all__ = ["Segment", "Segmenter", "build_segmenter", "resolve_tokenizer", "uncut_words"]


def build_segmenter(config: TextConfig) -> Segmenter:
    """Build the tokenizer and splitter that the settings name.

    Raises:
        InputError: The language is unknown.
    """
    words = language(config.language)
    tokenizer: Tokenizer
    if config.tokenizer in (None, "rules"):
        tokenizer = Rules(words, whole=config.hyphens == "whole")
    else:
        tokenizer = TOKENIZERS[config.tokenizer](words)
    return Segmenter(tokenizer, SPLITTERS[config.splitter](words, config.max_tokens))


def resolve_tokenizer(config: TextConfig, sentences: Sequence[Sentence]) -> TextConfig:
    """Choose how raw text is cut, so that its tokens are like those of training.

    Characters, if the training tokens are characters, else the rules; and words with a hyphen
    whole, if more of the training tokens have one inside than stand between two others as one.
    """
    if config.tokenizer is None and config.characters is not None:
        config = config.model_copy(update={"tokenizer": "characters"})
    if config.tokenizer is None:
        letters = [token for s in sentences for token in s.tokens if token.isalpha()]
        alone = sum(len(token) == 1 for token in letters)
        are_characters = bool(letters) and alone > 0.95 * len(letters)
        chosen = "characters" if are_characters else "rules"
        config = config.model_copy(update={"tokenizer": chosen})
    if config.hyphens is None and config.tokenizer == "rules":
        whole = sum(bool(_WITH_HYPHEN.fullmatch(token)) for s in sentences for token in s.tokens)
        cut = sum(token == "-" for s in sentences for token in s.tokens[1:-1])
        config = config.model_copy(update={"hyphens": "whole" if whole > cut else "rules"})
    return config


def uncut_words(config: TextConfig, sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield a remark where raw text will not be cut into words as the training tokens are.

    Args:
        config: As `resolve_tokenizer` gives it.
        sentences: The training sentences.
    """
    if config.tokenizer != "rules" or language(config.language).cut is not None:
        return
    if has_no_blanks(sentences):
        yield (
            "The training tokens are words of a script that is written without blanks, and raw "
            "text will not be cut into such words: --text.characters first trains on characters, "
            "which it will be cut into."
        )


_WITH_HYPHEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
"""Words that hyphens join; numbers such as 555-1234 tell nothing, for the rules keep them whole."""
