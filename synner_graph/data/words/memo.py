"""Keep in memory what a function computed for each word."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Memo(dict[str, T]):
    """The results of a function by word, computed when first asked for.

    Running text repeats its words, and training its sentences.

    Args:
        function: A function that always returns the same for the same word.
        limit: Words to keep; when there are as many, all are forgotten.
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
