"""What one request, and all that wait, may ask of a server."""

from dataclasses import dataclass

ESCAPED = 12
"""Bytes of a character at most: JSON may write one beyond U+FFFF as two escapes of six bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a server.

    Attributes:
        characters: Most characters in the texts of a request; each text counts one more.
        texts: Most texts in a request.
        seconds: Longest time to receive a request, and longest time to answer it.
        waiting: Most characters that wait for the model; a request that finds nothing waiting is
            taken whatever its length.
        batch_tokens: Most tokens in a batch, its units counted as long as the longest.
    """

    characters: int = 100_000
    texts: int = 1_000
    seconds: float = 60.0
    waiting: int = 300_000
    batch_tokens: int = 2048

    @property
    def body_bytes(self) -> int:
        """Most bytes in the body of a request."""
        return ESCAPED * self.characters + 8 * self.texts + 4096
