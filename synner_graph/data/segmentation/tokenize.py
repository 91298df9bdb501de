"""Cut raw text into tokens by rule: spans in order that leave out only blanks."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache

import regex

from synner_graph.data.segmentation.languages import Language

Span = tuple[int, int]
"""Start and, exclusive, end, in characters."""

LONGEST = 10_000
"""Characters of the longest token; what goes on for longer is cut."""

BLANK = r"\s\x1c-\x1f"
"""White space, which stands between tokens, as `str.isspace` has it."""


class Tokenizer(ABC):
    """Cuts text into tokens."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, text: str) -> Iterator[Span]:
        """Yield the spans of the tokens one by one."""
        for run in _RUN.finditer(text):
            first = run.start()
            for start, end in self.cut(run.group()):
                for piece in range(first + start, first + end, LONGEST):
                    yield piece, min(first + end, piece + LONGEST)

    @abstractmethod
    def cut(self, run: str) -> Sequence[Span]:
        """Cut what stands between two blanks into tokens; no character is left out."""


class Rules(Tokenizer):
    """Words, numbers, addresses and marks, in the manner of UD English-EWT, or by spaCy's rules.

    Clitics are tokens (`do` `n't`), and so are hyphens between words (`long` `-` `term`);
    abbreviations keep their full stop.

    Args:
        language: Whose rules.
        whole: Whether words that a hyphen joins are one token (`long-term`).
    """

    def __init__(self, language: Language, whole: bool = False) -> None:
        super().__init__(language)
        clitics = "|".join(language.clitics)
        self.clitic = regex.compile(rf"(?:{clitics})$", regex.IGNORECASE) if clitics else None
        self.whole = whole
        self._rules = language.cut or self._cut_by_rule
        self.cut_short = lru_cache(maxsize=50_000)(self._cut)  # most runs come again and again

    def cut(self, run: str) -> Sequence[Span]:
        """See Tokenizer."""
        return self.cut_short(run) if len(run) <= 30 else self._cut(run)

    def _cut(self, run: str) -> Sequence[Span]:
        spans = self._rules(run)
        return join_at_hyphens(run, spans) if self.whole else spans

    def _cut_by_rule(self, run: str) -> Sequence[Span]:
        spans = []
        end = 0
        while match := _TOKEN.match(run, end):
            start, end = match.span()
            if match.lastgroup == "word":
                end = self._end_of_word(run, start, end)
                if half := self._half(run[start:end]) if end - start < 50 else 0:
                    spans.append((start, start + half))
                    start += half
            spans.append((start, end))
        return spans

    def _end_of_word(self, run: str, start: int, end: int) -> int:
        """Return the end of a word with its full stop, or of the word that a prefix is tied to."""
        word = run[start : min(end, start + 20)].lower()
        following = run[end : end + 2]
        if following == "." and len(word) == 1 and run[start].isupper():
            return end + 1
        if following[:1] == "." and word in self.language.abbreviations:
            return end + 1
        if following[:1] == "-" and word in self.language.prefixes and following[1:].isalpha():
            tied = _TOKEN.match(run, end + 1)
            return tied.end() if tied else end
        return end

    def _half(self, word: str) -> int:
        """Return where the second token of a word begins; 0 if the word is one token."""
        if half := self.language.halves.get(word.lower()):
            return half
        match = self.clitic.search(word) if self.clitic else None
        return match.start() if match else 0


def join_at_hyphens(run: str, spans: Sequence[Span]) -> list[Span]:
    """Make one token of words that a single hyphen joins.

    Args:
        run: What stands between two blanks.
        spans: Its tokens: all of it, in order.
    """
    joined: list[Span] = []
    after_hyphen = False
    for start, end in spans:
        if joined and (after_hyphen or _joins(run, start, end)):
            after_hyphen = not after_hyphen
            start = joined.pop()[0]
        joined.append((start, end))
    return joined


def _joins(run: str, start: int, end: int) -> bool:
    """Tell whether a token is a hyphen between two letters or digits."""
    return run[start:end] == "-" and run[start - 1].isalnum() and run[end : end + 1].isalnum()


def character_spans(text: str) -> list[Span]:
    """Return the spans of the characters, each with the marks it carries; blanks have none."""
    return [match.span() for match in _CHARACTER.finditer(text)]


class Characters(Tokenizer):
    """Each character with the marks it carries, for languages that write without blanks."""

    def cut(self, run: str) -> Sequence[Span]:
        """See Tokenizer."""
        return character_spans(run)


class Blanks(Tokenizer):
    """Cuts at blanks, for text that is tokenised already."""

    def cut(self, run: str) -> Sequence[Span]:
        """See Tokenizer."""
        return [(0, len(run))]


TOKENIZERS: dict[str, type[Tokenizer]] = {
    "rules": Rules,
    "characters": Characters,
    "blanks": Blanks,
}

_RUN = re.compile(rf"[^{BLANK}]+")
_LETTER = r"[\p{L}\p{M}\p{N}_]"
_PICTURE = r"\p{Extended_Pictographic}[\p{M}\p{Emoji_Modifier}]*+"
_EMOJI = rf"\p{{RI}}\p{{RI}} | {_PICTURE} (?: \u200d {_PICTURE} )*+"
_HOST = r"[\p{L}\p{N}_-]{1,63}+"
_NUMBER = r"\d++ (?: [.,:/]\d++ ){0,9}+"
_ENDING = "(?i:com|org|net|edu|gov|info|uk|html?|txt|docx?|xlsx?|pdf|pptx?|jpe?g|gif|png|exe|zip)"
_UNIT = "(?i:[ap]m|[kcm]m|kg|lbs?|hrs?|mins?|yrs?|mm|k|x|ft)"

_CHARACTER = regex.compile(rf"{_EMOJI} | [^{BLANK}]\p{{M}}*+", regex.VERBOSE)

# Possessive quantifiers and short look-ahead: the time is linear in the text.
_TOKEN = regex.compile(
    rf"""
      (?P<address>
          (?: https?:// | ftp:// | www\. ) [^{BLANK}<>"]* [^{BLANK}<>".,;:!?)\]']
        | [\p{{L}}\p{{N}}._+-]{{1,64}}+ @ {_HOST} (?: \.{_HOST} )*+
        | {_LETTER}++ (?: \.{_LETTER}++ ){{2,}}+
        | {_HOST} \. {_ENDING}\b )
    | (?P<number>
          \d{{3}}[-.]\d{{3}}[-.]\d{{4}}\b | \d{{1,3}}-\d{{4}}\b
        | \d{{1,4}}[-./]\d{{1,2}}[-./]\d{{2,4}}\b
        | {_NUMBER} (?: (?: st|nd|rd|th|['’]?s )\b )?+ (?! {_LETTER} )
        | {_NUMBER} (?= {_UNIT}\b ) )
    | (?P<initials> (?: \p{{L}}\. ){{2,}}+ )
    | (?P<word> {_LETTER}++ (?: (?: ['’`&] | \p{{Cf}}++ ) {_LETTER}++ )*+ )
    | (?P<emoji> {_EMOJI} )
    | (?P<face> [:;=]['-]?[()DPp/|]++ (?! {_LETTER} ) )
    | (?P<stop> [.!?]++ )
    | (?P<rule> [-=*~#+]{{2,}}+ )
    | (?P<marks> (?P<mark> [^{BLANK}\p{{L}}\p{{M}}\p{{N}}] ) (?P=mark)*+ \p{{M}}*+ )
    | (?P<other> [^{BLANK}] )
    """,
    regex.VERBOSE,
)
