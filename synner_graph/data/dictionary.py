"""Dictionaries: phrases that are forced to be entities, forbidden to be, or favoured."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from synner_graph.data.entries import Row, Rule, read_rows
from synner_graph.data.gazetteer import Gazetteer, Match
from synner_graph.errors import InputError, suggest

Shares = Literal["none", "nested", "any"]
"""Which entities may share tokens: none, those that do not cross, or all."""

ANY = "*"
"""The label of a veto of all labels."""

WEIGHT = 2.0
"""Of a hint that says none."""


class SpanRule(NamedTuple):
    """What holds of tokens `start` up to, not including, `end` as an entity of a label.

    The odds of the entity are multiplied by exp(`weight`): inf forces it, -inf forbids it.
    """

    start: int
    end: int
    label: str
    weight: float

    @property
    def forces(self) -> bool:
        """Whether this must be an entity."""
        return self.weight == math.inf


Rules = Sequence[Sequence[SpanRule]]
"""What holds of the spans of each sentence of a batch."""


@dataclass(frozen=True)
class Scope:
    """What a head can name.

    Attributes:
        labels: Its labels.
        shares: Which entities may share tokens; two never have both ends in common.
        widest: The widest span that it reads, in tokens; None: any.
    """

    labels: tuple[str, ...]
    shares: Shares = "none"
    widest: int | None = None

    def clash(self, start: int, end: int, starts: Any, ends: Any) -> Any:
        """Say which spans cannot be entities beside one span; that span included.

        Args:
            start: Its first token.
            end: The token after its last.
            starts: First token of another span, or a tensor of those of several.
            ends: As `starts`: the token after the last.

        Returns:
            A truth value, or a tensor of them.
        """
        same = (starts == start) & (ends == end)
        if self.shares == "any":
            return same
        if self.shares == "nested":
            before = (starts < start) & (start < ends) & (ends < end)
            behind = (start < starts) & (starts < end) & (end < ends)
            return before | behind | same
        return (starts < end) & (start < ends)


class Remarks(NamedTuple):
    """Which rows of a dictionary had no effect on some text.

    Attributes:
        gave_way: Numbers of a row and of the forced one that it gave way to.
        too_wide: Numbers of hints that are wider than any span that the model reads.
    """

    gave_way: tuple[tuple[int, int], ...] = ()
    too_wide: tuple[int, ...] = ()


class Dictionary:
    """Finds what rows of dictionaries say of the spans of sentences.

    It may be used by several threads.

    Args:
        rows: Rows without a rule force; hints without a weight have `WEIGHT`.

    Raises:
        InputError: Two rows contradict each other, or one its own rule.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(_checked(rows))
        self._matcher = Gazetteer(row.entry for row in self.rows)
        # Keys alone: to set one is a single step, whatever other threads do.
        self._gave_way: dict[tuple[int, int], None] = {}
        self._too_wide: dict[int, None] = {}

    def check_labels(self, labels: Sequence[str]) -> None:
        """Refuse labels that a model does not know.

        Raises:
            InputError: Naming the first of them, with file and line.
        """
        known = {*labels, ANY}
        for row in self.rows:
            if row.entry.label not in known:
                raise InputError(
                    f"{_place(row)}: unknown label {row.entry.label!r}."
                    f"{suggest(row.entry.label, labels)}"
                )

    def find(self, tokens: Sequence[str], scope: Scope) -> tuple[SpanRule, ...]:
        """Return what holds of the spans of a sentence, sorted.

        Of forced matches that clash the longest wins, of equally long ones the first. What clashes
        with a forced match has no rule: it cannot be an entity. `notes` keeps both in mind.

        Args:
            tokens: Of the sentence.
            scope: What the head can name.
        """
        matches = self._matcher.matches(tokens)
        if not matches:
            return ()
        forced: list[Match] = []
        by_length = sorted(matches, key=lambda match: (match.start - match.end, match.start))
        for match in by_length:
            if self.rows[match.entry].rule == "force" and self._fits(match, forced, scope):
                forced.append(match)
        found = {self._span(match, self.rows[match.entry].entry.label) for match in forced}
        for match in matches:
            row = self.rows[match.entry]
            if row.rule == "force" or not self._fits(match, forced, scope):
                continue
            if scope.widest is not None and match.end - match.start > scope.widest:
                if row.rule == "hint":
                    self._too_wide[match.entry] = None
                continue
            labels = scope.labels if row.entry.label == ANY else (row.entry.label,)
            found |= {self._span(match, label) for label in labels}
        return tuple(sorted(found))

    def take_remarks(self) -> Remarks:
        """Return what `notes` would say, for the dictionary of another process, and forget it."""
        taken = Remarks(tuple(self._gave_way), tuple(self._too_wide))
        self._gave_way.clear()
        self._too_wide.clear()
        return taken

    def remark(self, remarks: Remarks) -> None:
        """Keep in mind what a copy of this dictionary, in another process, has remarked."""
        self._gave_way |= dict.fromkeys(remarks.gave_way)
        self._too_wide |= dict.fromkeys(remarks.too_wide)

    def notes(self) -> list[str]:
        """Say which entries had no effect on some text that was read, and why."""
        notes = []
        if pairs := list(self._gave_way):
            loser, winner = (self._described(number) for number in pairs[0])
            notes.append(
                "where a forced entry of the dictionary overlaps others, the longest forced one "
                f"wins, of equally long ones the first: {len(pairs)} gave way, such as {loser} to "
                f"{winner}"
            )
        if wide := list(self._too_wide):
            notes.append(
                f"{len(wide)} hints of the dictionary had no effect: they are wider than any span "
                f"that the model reads (head.max_width), such as {self._described(wide[0])}"
            )
        return notes

    def _fits(self, match: Match, forced: Sequence[Match], scope: Scope) -> bool:
        """Say whether a match clashes with none that is forced, and keep in mind where it does."""
        for other in forced:
            if scope.clash(other.start, other.end, match.start, match.end):
                if self._loses(match, other):
                    self._gave_way[match.entry, other.entry] = None
                return False
        return True

    def _loses(self, match: Match, other: Match) -> bool:
        """Say whether an entry that clashes with a forced one would have had an effect."""
        return self.rows[match.entry].rule != "veto" and match[:2] != other[:2]

    def _span(self, match: Match, label: str) -> SpanRule:
        row = self.rows[match.entry]
        weight = math.inf if row.rule == "force" else -math.inf
        if row.weight is not None:
            weight = row.weight
        return SpanRule(match.start, match.end, label, weight)

    def _described(self, number: int) -> str:
        row = self.rows[number]
        return f"{row.entry.phrase!r} as {row.entry.label} ({_place(row)})"


def read_dictionary(*paths: Path | str) -> Dictionary:
    """Read dictionaries of phrases that must be entities, must not be, or are likely to be.

    A line is a phrase, a tab and a label, and perhaps more columns: `exact` or `casefold` says how
    letters compare; `force` (as is without a rule) that the phrase is an entity of the label
    wherever it stands, `veto` that it never is (of no label, where the label is `*`), `hint` that
    its odds are multiplied by exp(weight), and a number is that weight (default: 2). Or it is a
    JSON object as spaCy's EntityRuler has it; or a phrase alone, whose label then is the name of
    the file without suffix. See `read_rows`.

    Args:
        paths: Files, which are one dictionary together.

    Raises:
        InputError: A file cannot be read, a line is malformed, or two lines contradict each other.
    """
    return Dictionary(
        row for path in paths for row in read_rows(Path(path), "dictionary", rules=True)
    )


def _checked(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, each with its rule, once it contradicts none before it.

    Two can match the same tokens if their phrases have the same letters, but for case where one of
    them disregards it. A row that says again what one before it said is left out.
    """
    alike: dict[str, dict[Row, Row]] = {}
    for given in rows:
        row = _complete(given)
        group = alike.setdefault(_letters(row).casefold(), {})
        said = replace(row, path="", line=0)
        if said in group:
            continue
        for other in group.values():
            if _meet(row, other) and _contradict(row, other):
                raise InputError(
                    f"{_place(row)}: {_said(row)} contradicts {_said(other)} ({_place(other)})"
                )
        group[said] = row
        yield row


def _complete(row: Row) -> Row:
    """Return a row with its rule.

    Raises:
        InputError: Its rule, label and weight do not fit together.
    """
    rule: Rule = row.rule or "force"
    if row.weight is not None and rule != "hint":
        raise InputError(f"{_place(row)}: expected a weight of a hint alone, got one of a {rule}")
    if row.entry.label == ANY and rule != "veto":
        raise InputError(f"{_place(row)}: expected the label {ANY} of a veto alone, got a {rule}")
    return replace(row, rule=rule, weight=row.weight or WEIGHT if rule == "hint" else None)


def _meet(row: Row, other: Row) -> bool:
    """Say whether two rows whose letters agree but for case can match the same tokens."""
    if "casefold" in (row.entry.case, other.entry.case):
        return True
    return _letters(row) == _letters(other)


def _contradict(row: Row, other: Row) -> bool:
    """Say whether two rows that match the same tokens cannot both have an effect."""
    labels = {row.entry.label, other.entry.label}
    if len(labels) == 1 or ANY in labels:
        return (row.rule, row.weight) != (other.rule, other.weight)
    return "force" in (row.rule, other.rule) and "veto" not in (row.rule, other.rule)


def _letters(row: Row) -> str:
    return "".join(row.entry.phrase.split())


def _place(row: Row) -> str:
    return f"{row.path}:{row.line}"


def _said(row: Row) -> str:
    weight = "" if row.weight is None else f" {row.weight:g}"
    return f"{row.rule}{weight} of {row.entry.phrase!r} as {row.entry.label}"
