"""Gather names from files and sentences, and find them among tokens."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from synner_graph.data.documents import whole
from synner_graph.data.entries import Case, Entry, read_rows
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError

TRAIN = "train"
"""The list of the names that the training sentences have."""


class Match(NamedTuple):
    """Tokens `start` up to, not including, `end`, and the number of the entry that they spell."""

    start: int
    end: int
    entry: int


class Gazetteer:
    """Finds the phrases of entries among tokens.

    A phrase matches tokens that spell it, however they are cut: "St. John's" matches the tokens
    `St . John 's`, and a Chinese name the characters of it. Where the phrase has a blank, a token
    must end. Between two letters that have case none may end: "Ina" does not match `In a`.

    The time is linear in the tokens, times the longest phrase that begins with the same character;
    the number of entries does not matter.

    Args:
        entries: Any; two may share a phrase.

    Attributes:
        types: Types of the entries, sorted.
        type_ids: Type of each entry, an index into `types`.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.types = tuple(sorted({entry.type for entry in self.entries}))
        numbers = {name: number for number, name in enumerate(self.types)}
        self.type_ids = [numbers[entry.type] for entry in self.entries]
        self._own: dict[tuple[str | None, tuple[str, ...]], str] = {}
        self._spelled: dict[Case, dict[str, list[int]]] = {case: {} for case in get_args(Case)}
        self._longest: dict[Case, dict[str, int]] = {case: {} for case in get_args(Case)}
        for number, entry in enumerate(self.entries):
            spelled = "".join(_words(entry.phrase, entry.case))
            self._spelled[entry.case].setdefault(spelled, []).append(number)
            longest = self._longest[entry.case]
            longest[spelled[:1]] = max(longest.get(spelled[:1], 0), len(spelled))

    def __len__(self) -> int:
        return len(self.entries)

    def matches(self, tokens: Sequence[str], longest: bool = False) -> list[Match]:
        """Return the matches of all entries, sorted by start, end and entry.

        Args:
            tokens: Of one sentence.
            longest: Leave out what lies inside a longer match.

        Returns:
            All matches; they may overlap.
        """
        found: list[Match] = []
        for case, spelled in self._spelled.items():
            if spelled:
                found += self._of_case(case, [_fold(token, case) for token in tokens])
        found.sort()
        return _widest(found) if longest else found

    def find(self, sentence: Sentence) -> list[Match]:
        """Return all matches in a sentence, without those that `hide_own` hides from it."""
        own = self._own.get(_key(sentence)) if self._own else None
        found = self.matches(sentence.tokens)
        if own is None:
            return found
        return [match for match in found if self.entries[match.entry].only_in != own]

    def hide_own(self, sentences: Iterable[Sentence]) -> None:
        """From now on, hide from each sentence the entries that only its own document contains.

        A model that learns from the sentences would else read its own answer.
        """
        self._own = {_key(sentence): document_mark(sentence) for sentence in sentences}

    def _of_case(self, case: Case, tokens: Sequence[str]) -> Iterable[Match]:
        spelled, longest = self._spelled[case], self._longest[case]
        for start, first in enumerate(tokens):
            limit = longest.get(first[:1], 0)
            text, ends = "", set[int]()
            for end in range(start, len(tokens)):
                for part in tokens[end].split():  # some treebanks have blanks in tokens
                    text += part
                    ends.add(len(text))
                if len(text) > limit:
                    break
                for number in spelled.get(text, ()):
                    blanks = _blanks(self.entries[number].phrase, case)
                    if blanks <= ends and not any(_splits(text, cut) for cut in ends - blanks):
                        yield Match(start, end + 1, number)


def names_of(sentences: Iterable[Sentence], case: Case = "exact") -> list[Entry]:
    """Return the entities of sentences as entries of the list TRAIN.

    A phrase with several labels becomes an entry for each.
    """
    seen: dict[tuple[str, str], set[str]] = {}
    for sentence in sentences:
        mark = document_mark(sentence)
        for entity in sentence.entities:
            phrase = " ".join(sentence.tokens[entity.start : entity.end])
            if case == "casefold":
                phrase = phrase.casefold()
            seen.setdefault((phrase, entity.label), set()).add(mark)
    return [
        Entry(phrase, label, TRAIN, case, marks.pop() if len(marks) == 1 else None)
        for (phrase, label), marks in sorted(seen.items())
    ]


def gather(
    lists: Iterable[str], sentences: Iterable[Sentence], case: Case = "exact"
) -> tuple[Entry, ...]:
    """Read the entries of several lists.

    Args:
        lists: Files, or TRAIN for the names of the sentences.
        sentences: The training split.
        case: How entries are compared that do not say it themselves.

    Raises:
        InputError: A file cannot be read, or two lists have one name.
    """
    entries: list[Entry] = []
    names: set[str] = set()
    for source in lists:
        found = names_of(sentences, case) if source == TRAIN else read_gazetteer(Path(source), case)
        name = TRAIN if source == TRAIN else Path(source).stem
        if name in names:
            raise InputError(f"Two gazetteers are named {name!r}: rename a file.")
        names.add(name)
        entries += found
    return tuple(entries)


def document_mark(sentence: Sentence) -> str:
    """Return a hash of the id of the document of a sentence.

    A sentence that is a document of its own is told by its tokens: the same sentence again is the
    same document.
    """
    name = whole(sentence).document
    text = "\n".join(("", *sentence.tokens)) if name is None else name
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def read_gazetteer(path: Path, case: Case = "exact") -> list[Entry]:
    """Read the entries of a file; see `read_rows`.

    Args:
        path: The file.
        case: How entries are compared that do not say it themselves.

    Raises:
        InputError: The file cannot be read, holds nothing, or a line is malformed.
    """
    return list(dict.fromkeys(row.entry for row in read_rows(path, "gazetteer", case)))


def _key(sentence: Sentence) -> tuple[str | None, tuple[str, ...]]:
    return whole(sentence).document, sentence.tokens


def _fold(text: str, case: Case) -> str:
    return text.casefold() if case == "casefold" else text


def _words(phrase: str, case: Case) -> list[str]:
    return _fold(phrase, case).split()


def _blanks(phrase: str, case: Case) -> set[int]:
    """Count the letters before each blank of a phrase, and before its end."""
    ends, length = set(), 0
    for word in _words(phrase, case):
        length += len(word)
        ends.add(length)
    return ends


def _splits(text: str, cut: int) -> bool:
    """Say whether a cut parts two letters of an alphabet that has case."""
    return all(letter.upper() != letter.lower() for letter in text[cut - 1 : cut + 1])


def _widest(matches: Sequence[Match]) -> list[Match]:
    """Return the matches that lie in no longer match; `matches` must be sorted."""
    spans = sorted({(m.start, -m.end) for m in matches})
    kept, reach = set(), -1
    for start, negative in spans:
        if -negative > reach:
            kept.add((start, -negative))
            reach = -negative
    return [m for m in matches if (m.start, m.end) in kept]
