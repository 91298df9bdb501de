"""What a function made of each word, kept in memory while the program runs."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Memo(dict[str, T]):
    """Words and what a function makes of each, made when it is first asked for.

    Running text repeats its words, and training its sentences.

    Args:
        function: makes the same of the same word, always.
        limit: words to keep; when there are as many, all are forgotten.
    """

    def __init__(self, function: Callable[[str], T], limit: int = 1 << 18) -> None:
        super().__init__()
        self.function = function
        self.limit = limit

    def __missing__(self, word: str) -> T:
        if len(self) >= self.limit:
            self.clear()
        made = self[word] = self.function(word)
        return made
