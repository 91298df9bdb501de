"""Parsers by name. A new one is one new file and one line in PARSERS."""

from collections.abc import Callable

from synner_graph.errors import InputError, suggest
from synner_graph.parsers.base import (
    TREES,
    CorpusTrees,
    Parser,
    ParserRecord,
    scheme_note,
)
from synner_graph.parsers.spacy import SpacyParser
from synner_graph.parsers.stanza import StanzaParser

__all__ = [
    "PARSERS",
    "TREES",
    "CorpusTrees",
    "Parser",
    "ParserRecord",
    "external_parser",
    "scheme_note",
]

PARSERS: dict[str, Callable[[str], Parser]] = {"spacy": SpacyParser, "stanza": StanzaParser}
"""What stands before the colon of a name -> the class, which gets what stands behind it."""
CHOICES = ("run", TREES, "biaffine", "biaffine:RUN", "spacy:PACKAGE", "stanza:LANGUAGE")


def external_parser(name: str) -> Parser:
    """The parser of that name, if it is no run's.

    Args:
        name: `trees` for the trees that the sentences come with; `spacy:PACKAGE`,
            `stanza:LANGUAGE`.

    Raises:
        InputError: The name is unknown, or what it needs is missing.
    """
    if name == TREES:
        return CorpusTrees()
    kind, _, argument = name.partition(":")
    if kind not in PARSERS or not argument:
        raise InputError(f"Unknown parser {name!r}.{suggest(name, CHOICES)}")
    return PARSERS[kind](argument)
