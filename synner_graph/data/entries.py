"""Read the entries of dictionaries: phrases with labels, a line each."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from synner_graph.data.formats.lines import FormatError, read_blocks
from synner_graph.errors import InputError

Case = Literal["exact", "casefold"]
Rule = Literal["force", "veto", "hint"]

KEYS = ("label", "pattern", "id", "case")
"""What an object may have; `id` is spaCy's and says nothing here."""
RULE_KEYS = ("rule", "weight")
HEAVIEST = 1000
"""The greatest weight; sums of scores stay far from what float32 can hold."""
CASE_OF = {"ORTH": "exact", "TEXT": "exact", "LOWER": "casefold"}
"""How spaCy's attributes of a token compare letters."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A phrase of a list and its type.

    Attributes:
        phrase: The phrase, words apart.
        label: Its entity label.
        list: The list that it stands in.
        case: Whether letters must agree in case.
        only_in: Mark of the one document that it is known from (see `document_mark`); None for an
            entry that is known from several, or from a file.
    """

    phrase: str
    label: str
    list: str
    case: Case = "exact"
    only_in: str | None = None

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Entry":
        """Inverse of `dataclasses.asdict`.

        Raises:
            TypeError: A field is missing, unknown, or not a string.
            ValueError: The case is neither exact nor casefold.
        """
        entry = cls(**values)
        wrong = [key for key, value in values.items() if not isinstance(value, str)]
        if wrong and (wrong != ["only_in"] or entry.only_in is not None):
            raise TypeError(f"expected strings in an entry of the gazetteer, got {values!r}")
        if entry.case not in get_args(Case):
            raise ValueError(f"expected exact or casefold, got {entry.case!r}")
        return entry

    @property
    def type(self) -> str:
        """List and label: together the type of its edges and features."""
        return f"{self.list}: {self.label}"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry and what else its line says.

    Attributes:
        entry: The entry.
        path: The file.
        line: Its line there, from 1.
        rule: What it does to entities, if it says so.
        weight: How strongly, if it says so.
    """

    entry: Entry
    path: str
    line: int
    rule: Rule | None = None
    weight: float | None = None


def read_rows(path: Path, kind: str, case: Case = "exact", rules: bool = False) -> Iterator[Row]:
    """Read the entries of a file, lazily; their list has the name of the file, without suffix.

    A line is a phrase, a tab and its label, and perhaps another tab and `exact` or `casefold`; or a
    JSON object as spaCy's EntityRuler has it, `{"label": "ORG", "pattern": "Acme Corp."}` or
    `{"label": "ORG", "pattern": [{"LOWER": "acme"}, {"LOWER": "corp."}]}`, perhaps with `"case"`;
    or a phrase alone, whose label then is the name of the list. With rules, a line may have more
    columns, in any order, or the keys `"rule"` and `"weight"`. Blank lines count for nothing.

    Args:
        path: The file.
        kind: What to call it in errors.
        case: How entries are compared that do not say it themselves.
        rules: Whether entries may have a rule and a weight.

    Raises:
        FormatError: A line has none of these forms.
        InputError: The file cannot be read, or holds nothing.
    """
    if str(path) == "-":
        raise InputError(f"expected a file as {kind}, got standard input")
    empty = True
    for ((number, line),) in read_blocks(path, by_line=True):
        empty = False
        try:
            yield _row(line, path, number, case, rules)
        except FormatError:
            raise
        except InputError as error:
            raise FormatError(str(path), number, str(error)) from error
    if empty:
        raise InputError(f"The {kind} {path} has no entries.")


def _row(line: str, path: Path, number: int, case: Case, rules: bool) -> Row:
    phrase, label = line, path.stem
    rule: Rule | None = None
    weight: float | None = None
    if line.lstrip().startswith("{"):
        values = _object(line, (*KEYS, *RULE_KEYS) if rules else KEYS)
        label = _string(values, "label")
        phrase, case = _pattern(values, case)
        rule = _choice(values["rule"], Rule) if "rule" in values else None
        weight = _weight(values["weight"]) if "weight" in values else None
    elif "\t" in line:
        phrase, label, *columns = line.split("\t")
        if not rules and len(columns) > 1:
            raise InputError(f"expected phrase, type and case, got {len(columns) + 2} columns")
        said = _columns([column.strip() for column in columns], rules)
        case, rule, weight = said.get("case", case), said.get("rule"), said.get("weight")
    phrase, label = " ".join(phrase.split()), label.strip()
    for what, value in (("phrase", phrase), ("label", label)):
        if not value:
            raise InputError(f"expected a {what}, got nothing")
    return Row(Entry(phrase, label, path.stem, case), str(path), number, rule, weight)


def _columns(columns: Sequence[str], rules: bool) -> dict[str, Any]:
    """Tell the columns behind the label by what is in them."""
    said: dict[str, Any] = {}
    value: Any
    for column in columns:
        if not rules or column in get_args(Case):
            name, value = "case", _choice(column, Case)
        elif column in get_args(Rule):
            name, value = "rule", column
        else:
            name, value = "weight", _number(column)
        if name in said:
            raise InputError(f"expected one {name}, got {said[name]!r} and {value!r}")
        said[name] = value
    return said


def _number(column: str) -> float:
    try:
        number = float(column)
    except ValueError as error:
        known = ", ".join((*get_args(Case), *get_args(Rule)))
        raise InputError(f"expected {known} or a weight, got {column!r}") from error
    return _weight(number)


def _object(line: str, keys: Sequence[str]) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(line, object_pairs_hook=_distinct)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        said = "too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"expected a JSON object, got {line.strip()!r}: {said}") from error
    for key in values:
        if key not in keys:
            raise InputError(f"expected no keys but {', '.join(keys)}, got {key!r}")
    return values


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise InputError(f"expected each key once, got {key!r} twice")
        values[key] = value
    return values


def _pattern(values: dict[str, Any], case: Case) -> tuple[str, Case]:
    """Return the phrase that an object stands for, and its case."""
    if "case" in values:
        case = _choice(values["case"], Case)
    pattern = values.get("pattern")
    if not isinstance(pattern, list):
        return _string(values, "pattern"), case
    if not pattern:
        raise InputError("expected a pattern, got one without tokens")
    words, cases = [], set()
    for token in pattern:
        if not (isinstance(token, dict) and len(token) == 1 and token.keys() <= CASE_OF.keys()):
            raise InputError(
                f"expected tokens such as {{'ORTH': 'Acme'}} or {{'LOWER': 'acme'}}, got {token!r}:"
                " a pattern of any other kind is spaCy's to match"
            )
        ((name, word),) = token.items()
        if not isinstance(word, str) or len(word.split()) != 1:
            raise InputError(f"expected a token as {name}, got {word!r}")
        if name == "LOWER" and word != word.lower():
            raise InputError(f"expected small letters as LOWER, got {word!r}")
        words.append(word)
        cases.add(CASE_OF[name])
    if len(cases) > 1:
        raise InputError("expected ORTH of all tokens of a pattern or LOWER of all, got both")
    found = _choice(cases.pop(), Case)
    if "case" in values and case != found:
        raise InputError(f"expected the case of a pattern in its tokens alone, got {case} as well")
    return " ".join(words), found


def _string(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str):
        raise InputError(f"expected a string as {key!r}, got {value!r}")
    return value


def _choice(value: Any, kind: Any) -> Any:
    choices = get_args(kind)
    if value not in choices:
        raise InputError(f"expected {', '.join(choices[:-1])} or {choices[-1]}, got {value!r}")
    return value


def _weight(value: Any) -> float:
    try:
        weight = float(value) if type(value) in (int, float) else math.nan
    except OverflowError:
        weight = math.inf
    if not 0 < abs(weight) <= HEAVIEST:  # which NaN is not, either
        raise InputError(
            f"expected a weight from -{HEAVIEST} to {HEAVIEST}, other than 0, got {value!r}"
        )
    return weight
