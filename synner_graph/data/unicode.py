"""Text that nothing can encode: JSON may hold one half of a surrogate pair without the other."""

import re

SURROGATE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, so that it stays as long as it is."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)
