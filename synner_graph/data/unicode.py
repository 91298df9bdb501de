"""Replace lone surrogates, which JSON may hold and UTF-8 cannot encode."""

import re

SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Replace each lone surrogate by U+FFFD; the length of the text stays the same."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)
