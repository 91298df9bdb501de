"""Put tokens together to sentences by rule."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import regex

from synner_graph.data.segmentation.languages import Language
from synner_graph.data.segmentation.tokenize import LONGEST, Span


class Splitter(ABC):
    """Puts tokens together to sentences.

    Args:
        language: Whose abbreviations are known.
        max_tokens: The longest sentence. What goes on for longer is cut behind a comma or the like
            in its second half, else where it is full; it is full at 5 * `LONGEST` characters, too.
    """

    def __init__(self, language: Language, max_tokens: int) -> None:
        self.language = language
        self.max_tokens = max_tokens

    def __call__(self, text: str, tokens: Iterable[Span]) -> Iterator[list[Span]]:
        """Yield the tokens of each sentence, one sentence after another."""
        sentence: list[Span] = []
        for span in tokens:
            if sentence and self.ends(text, sentence, span):
                yield sentence
                sentence = []
            if sentence and self._is_full(sentence, span):
                end = self._pause(text, sentence)
                yield sentence[:end]
                sentence = sentence[end:]
            sentence.append(span)
        if sentence:
            yield sentence

    @abstractmethod
    def ends(self, text: str, sentence: Sequence[Span], following: Span) -> bool:
        """Say whether a sentence of these tokens ends before the next token."""

    def _is_full(self, sentence: Sequence[Span], following: Span) -> bool:
        return len(sentence) == self.max_tokens or following[1] - sentence[0][0] > 5 * LONGEST

    def _pause(self, text: str, sentence: Sequence[Span]) -> int:
        """Return how many tokens to keep together."""
        for end in range(len(sentence) - 1, len(sentence) // 2, -1):
            if text[sentence[end - 1][1] - 1] in ",;:)" or _LINE_END.search(
                text, sentence[end - 1][1], sentence[end][0]
            ):
                return end
        return len(sentence)


class Rules(Splitter):
    """Ends sentences at `.`, `!`, `?`, `…`, after closing quotes and brackets, and at blank lines.

    None ends before what continues it: a comma, a closing bracket, a lower-case word behind dots.
    Behind an abbreviation only a capital begins another.
    """

    def ends(self, text: str, sentence: Sequence[Span], following: Span) -> bool:
        """See Splitter."""
        end = sentence[-1][1]
        if following[0] > end and _BLANK_LINE.search(text, end, following[0]):
            return True
        place = len(sentence) - 1
        while place > 0 and len(sentence) - place < 5 and self._closes(text, sentence, place):
            place -= 1
        last = _word(text, sentence[place])
        if place < len(sentence) - 1 and not _END.fullmatch(last):
            return False
        is_stop = bool(_END.fullmatch(last))
        if not (is_stop or self._is_abbreviation(last)):
            return False
        first = _word(text, following)
        touches = following[0] == end
        if _CLOSING.fullmatch(first) and (touches or first[0] not in _EITHER):
            return False
        if _END.fullmatch(first) or first[0] in ",;":
            return False
        if touches:
            return last[-1] in _WIDE
        if not is_stop:
            return first[0].isupper()
        return not (first[0].islower() and ".." in last)

    def _closes(self, text: str, sentence: Sequence[Span], place: int) -> bool:
        """Say whether a quote or bracket closes right behind the token before it."""
        touches = sentence[place][0] == sentence[place - 1][1]
        return touches and bool(_CLOSING.fullmatch(_word(text, sentence[place])))

    def _is_abbreviation(self, word: str) -> bool:
        """Whether a sentence may end with the full stop of this word."""
        is_one = self.language.final_stops and len(word) > 2 and word[-1] == "."
        return is_one and word[:-1].lower() not in self.language.never_last


class Lines(Splitter):
    """Each line is a sentence."""

    def ends(self, text: str, sentence: Sequence[Span], following: Span) -> bool:
        """See Splitter."""
        return bool(_LINE_END.search(text, sentence[-1][1], following[0]))


SPLITTERS: dict[str, type[Splitter]] = {"rules": Rules, "lines": Lines}

_WIDE = "。！？｡"  # no blank follows them
_EITHER = "\"'"  # closing where it touches what is before it, else opening
_LINE_END = regex.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_BLANK_LINE = regex.compile(r"\n[^\S\n]*\n|\r[^\S\r\n]*\r|\u2029")
_END = regex.compile(rf"[.!?…]+|[{_WIDE}؟۔।॥]+|[:;=]['-]?[()DPp/|]+")
_CLOSING = regex.compile(r"""[\p{Pe}\p{Pf}"'»]+""")


def _word(text: str, span: Span) -> str:
    """Return the first 50 characters of the token; no listed word is longer."""
    return text[span[0] : min(span[1], span[0] + 50)]
