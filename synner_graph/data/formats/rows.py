"""Shared by the column formats: turn rows into a `Sentence`, with errors that name the line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from synner_graph.config import TextConfig
from synner_graph.data.formats.documents import DocumentMarks, Documents
from synner_graph.data.formats.lines import Block, FormatError, is_number, raise_first
from synner_graph.data.schemes import SchemeError, tag_errors, tags_to_entities
from synner_graph.data.sentence import ROOT, Entity, Sentence, SentenceError
from synner_graph.errors import InputError

EMPTY = "_"

Row = tuple[int, list[str]]
"""A line cut into fields, with its number in the file."""


@dataclass
class ReadReport:
    """What was counted while reading.

    Attributes:
        sentences: All of them.
        repaired_tags: Tags that were read by conlleval's rule.
        chunked: Sentences with chunk tags, which are not kept.
        unmarked: Texts of annotation tools that nobody has annotated.
        stripped: Records of annotation tools, or Docs, of which not all is kept.
        empty: Texts, or Docs, without a token.
    """

    sentences: int = 0
    repaired_tags: int = 0
    chunked: int = 0
    unmarked: int = 0
    stripped: int = 0
    empty: int = 0

    @property
    def notes(self) -> dict[str, int]:
        """What is to be said of it, with counts."""
        counts = {
            "invalid tags repaired": self.repaired_tags,
            "sentences whose chunk tags are not kept": self.chunked,
            "texts that nobody annotated, read as texts without entities": self.unmarked,
            "records with more than text and entities, which is not kept": self.stripped,
            "texts without a token, which have no sentence": self.empty,
        }
        return {what: number for what, number in counts.items() if number}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How strictly a file is read; see `read_sentences`.

    Attributes:
        scheme: Empty where entities are not written as tags.
        documents: The document of the sentences that are being read.
        text: How texts are cut into tokens and sentences.
    """

    path: str
    scheme: str
    repair: bool = False
    multiple_roots: bool = False
    report: ReadReport = field(default_factory=ReadReport)
    documents: Documents = field(default_factory=Documents)
    text: TextConfig = field(default_factory=TextConfig)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: turns a block of lines into a sentence (None for an empty block), and back.

    Attributes:
        scheme: The usual tagging scheme; empty where entities are not written as tags.
        by_line: Each line is a sentence; otherwise blank lines stand between sentences.
        documents: How it marks documents; None where it cannot, or each sentence names its own.
    """

    scheme: str
    read: Callable[[Block, ReadOptions], Sentence | None]
    write: Callable[[Sentence, str], list[str]]
    by_line: bool = False
    documents: DocumentMarks | None = None


class Rows:
    """The token lines of one sentence, cut into columns.

    What is wrong with the sentence is gathered, so that `sentence` can raise all of it at once.

    Attributes:
        columns: One tuple a column, one entry a token.
        problems: What has been found wrong so far.

    Raises:
        FormatError: A row has more or fewer fields than `layout`.
    """

    def __init__(self, rows: Sequence[Row], layout: str, path: str) -> None:
        self.numbers = [number for number, _ in rows]
        self.path = path
        self.problems: list[FormatError] = []
        width = len(layout.split())
        for position, (_, fields) in enumerate(rows):
            if len(fields) != width:
                self.refuse(position, f"expected {width} columns ({layout}), got {len(fields)}")
        raise_first(self.problems)
        self.columns = list(zip(*(fields for _, fields in rows), strict=True))

    def refuse(self, position: int | None, message: str) -> None:
        """Note a problem at the line of a token, by default the first."""
        self.problems.append(FormatError(self.path, self.numbers[position or 0], message))

    def check_ids(self, ids: Sequence[str], first: int = 1) -> None:
        """Check that ids are 1, 2, 3, ...; note only the first that is not."""
        for number, given in enumerate(ids, first):
            if given != str(number):
                self.refuse(number - first, f"expected ID {number}, got {given!r}")
                return

    def heads(self, column: tuple[str, ...]) -> list[int] | None:
        """Return heads counted from 0; None for a column of underscores."""
        if optional(column) is None:
            return None
        wrong = [i for i, head in enumerate(column) if not is_number(head)]
        for position in wrong:
            self.refuse(position, f"expected a head number, got {column[position]!r}")
        if wrong:  # hung from a root, these hide nothing else that is wrong
            root = column.index("0") if "0" in column else wrong[0]
            hung = dict.fromkeys(wrong, str(root + 1)) | ({root: "0"} if root in wrong else {})
            column = tuple(hung.get(i, head) for i, head in enumerate(column))
        return [int(head) - 1 if head != "0" else ROOT for head in column]

    def sentence(self, options: ReadOptions, tags: Sequence[str], **parts: Any) -> Sentence:
        """Decode the tags and build the sentence.

        Raises:
            FormatError: Something is wrong with it, each thing at its line.
        """
        entities: list[Entity] = []
        try:
            entities, repaired = tags_to_entities(tags, options.scheme, options.repair)
            options.report.repaired_tags += repaired
        except SchemeError:
            for error in tag_errors(tags, options.scheme, options.repair):
                inside = options.scheme == "bio" and tags[error.position].startswith("I-")
                hint = " (if the file is IOB1, say --scheme iob1)" if inside else ""
                self.refuse(error.position, f"{error}{hint}")
        return self.build(options, entities=entities, **parts)

    def build(self, options: ReadOptions, **parts: Any) -> Sentence:
        """Build the sentence from entities that are known.

        Raises:
            FormatError: Something is wrong with it, each thing at its line.
        """
        sentence, errors = build(options, **parts)
        for error in errors:
            self.refuse(error.position, str(error))
        raise_first(self.problems)
        assert sentence is not None
        return sentence


def build(options: ReadOptions, **parts: Any) -> tuple[Sentence | None, list[SentenceError]]:
    """Build the sentence, or raise with every problem of its parts."""
    parts.setdefault("document", options.documents.current)
    try:
        sentence = Sentence(**parts)
        return sentence.check(single_root=not options.multiple_roots, flat=False), []
    except SentenceError:
        return None, _all_errors(options, parts)


def _all_errors(options: ReadOptions, parts: dict[str, Any]) -> list[SentenceError]:
    """List every problem, also those that an earlier one hides: mend each and build again."""
    mended = parts | {name: list(parts[name]) for name in _MENDABLE if parts.get(name)}
    roots = [i for i, head in enumerate(mended.get("heads") or ()) if head == ROOT]
    errors: list[SentenceError] = []
    while True:
        try:
            sentence = Sentence(**mended)
            break
        except SentenceError as error:
            if errors and str(errors[-1]) == str(error):
                return errors
            errors.append(error)
            if error.position is None or not _mend(error.position, mended):
                return errors
    if len(roots) > 1 and not options.multiple_roots:
        # A token that became a root by being mended is none of the file's.
        heads = [
            roots[0] if h == ROOT and i not in roots else h for i, h in enumerate(mended["heads"])
        ]
        try:
            sentence.replace(heads=heads).check(flat=False)
        except SentenceError as error:
            hint = f"{error} (to read such sentences, say --multiple-roots)"
            errors.append(SentenceError(hint, error.position))
    return errors


def _mend(position: int, parts: dict[str, Any]) -> bool:
    """Fill what is empty at a token, or make the token a root; False if neither helps."""
    for name in _MENDABLE:
        column = parts.get(name)
        if column and column[position] == "":
            column[position] = EMPTY
            return True
    heads = parts.get("heads")
    if not heads or heads[position] == ROOT:
        return False
    heads[position] = ROOT
    return True


_MENDABLE = ("tokens", "relations", "upos", "xpos", "heads")


def optional(column: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the column; None if it holds only underscores."""
    return None if all(entry == EMPTY for entry in column) else column


def or_empty(column: Sequence[str] | None, length: int) -> Sequence[str]:
    """Return the column, or underscores for None: the reverse of `optional`."""
    return column if column is not None else [EMPTY] * length


def head_column(sentence: Sentence) -> Sequence[str]:
    """Return heads as files write them: from 1, 0 for the root."""
    if sentence.heads is None:
        return [EMPTY] * len(sentence)
    return [str(head + 1) for head in sentence.heads]


def join(row: Iterable[str], separators: str = "\t") -> str:
    """Join the columns of a line.

    Args:
        separators: What a reader cuts at; the first is written between the fields.

    Raises:
        InputError: A field holds a separator or a line end.
    """
    row = list(row)
    for text in row:
        if any(character in text for character in f"{separators}\n\r"):
            raise InputError(f"expected no separator or line end in a field, got {text!r}")
    return separators[:1].join(row)
