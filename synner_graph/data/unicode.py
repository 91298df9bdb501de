"""Replace what cannot be encoded or shown: lone surrogates, control characters."""

import re

SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Replace each lone surrogate by U+FFFD; the length of the text stays the same."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)


def escaped(text: str) -> str:
    """Replace each lone surrogate, which UTF-8 has not, by its escape in JSON."""
    if text.isascii():
        return text
    return SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


_SHOWN = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_SHOWN |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def visible(text: str) -> str:
    """Replace control characters, which a terminal would obey, by their pictures or U+FFFD."""
    return encodable(text).translate(_SHOWN)
