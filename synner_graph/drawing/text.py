"""Make text visible, estimate its width, and find its direction."""

import unicodedata
from collections.abc import Iterable

CONTROL_PICTURES = 0x2400
"""U+2400 to U+241F show the control characters U+0000 to U+001F."""


def visible(text: str) -> str:
    """Replace characters that XML and fonts cannot hold by visible ones."""
    return "".join(map(_visible, text)) if not text.isprintable() else text


def text_width(text: str, size: float) -> float:
    """Estimate the width of a text in a sans-serif font, rather too wide than too narrow."""
    return size * sum(map(_em, visible(text)))


def runs_right_to_left(words: Iterable[str]) -> bool:
    """Say whether most letters with a direction run from right to left."""
    kinds = [unicodedata.bidirectional(character) for word in words for character in word]
    return kinds.count("R") + kinds.count("AL") > kinds.count("L")


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        picture = ord(character) < 0x20
        return chr(CONTROL_PICTURES + ord(character)) if picture else "\N{REPLACEMENT CHARACTER}"
    if category in ("Cs", "Cn", "Zl", "Zp"):
        return "\N{REPLACEMENT CHARACTER}"
    return character


def _em(character: str) -> float:
    """Return the width of a character as a share of the font's size."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 1
    if character in "ijl.,:;'|!()[]/ ":
        return 0.36
    if character in "mwMW@%":
        return 0.92
    return 0.7 if character.isupper() else 0.61
