"""Sentences of scripts that part words by no blanks, such as Chinese."""

from collections.abc import Iterable

import regex

from synner_graph.data.sentence import Sentence


def has_no_blanks(sentences: Iterable[Sentence]) -> bool:
    """Say whether most words of sentences are of a script that parts words by no blanks."""
    words = [token for s in sentences for token in s.tokens if any(map(str.isalpha, token))]
    return sum(bool(_WITHOUT_BLANKS.search(word)) for word in words) > len(words) / 2


def parted(sentence: Sentence) -> Sentence:
    """Return the sentence with its tokens, a blank between any two, as its text."""
    return _joined(sentence, _ANY)


def side_by_side(sentence: Sentence) -> Sentence:
    """Return the sentence with its tokens, side by side, as its text.

    A blank stands only between two tokens that meet with a letter or digit of ASCII each.
    """
    return _joined(sentence, _ASCII)


def _joined(sentence: Sentence, with_blank: "regex.Pattern[str]") -> Sentence:
    """Join tokens, with a blank between two whose characters that meet fit the pattern."""
    text, offsets = "", []
    for token in sentence.tokens:
        if with_blank.fullmatch(text[-1:] + token[:1]):
            text += " "
        offsets.append((len(text), len(text) + len(token)))
        text += token
    return sentence.replace(text=text, offsets=tuple(offsets))


_WITHOUT_BLANKS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)
_ANY = regex.compile(r"..", regex.DOTALL)
_ASCII = regex.compile(r"[A-Za-z0-9]{2}")
