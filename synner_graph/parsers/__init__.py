"""Parsers by name. A new one is one new file and one line in PARSERS."""

from collections.abc import Sequence

from synner_graph.config import ParserConfig
from synner_graph.errors import InputError, suggest
from synner_graph.heads.biaffine import BIAFFINE, BiaffineHead
from synner_graph.parsers.base import (
    TREES,
    CorpusTrees,
    Parser,
    ParserRecord,
    fill_trees,
    scheme_note,
)
from synner_graph.parsers.own import BiaffineParser
from synner_graph.parsers.spacy import SpacyParser
from synner_graph.parsers.stanza import StanzaParser
from synner_graph.parts import Kind, Part

__all__ = [
    "KIND",
    "PARSERS",
    "TREES",
    "CorpusTrees",
    "Parser",
    "ParserRecord",
    "build_parser_head",
    "external_parser",
    "fill_trees",
    "scheme_note",
]

RUN = "run"
"""Names the parser that is stored with a run."""
PARSERS: dict[str, type[SpacyParser | StanzaParser]] = {
    "spacy": SpacyParser,
    "stanza": StanzaParser,
}
"""The class for a name of the form KIND:ARGUMENT, by KIND; it is given ARGUMENT."""
CHOICES = (RUN, TREES, BIAFFINE, "biaffine:RUN", "spacy:PACKAGE", "stanza:LANGUAGE")


def _external(name: str) -> type[Part]:
    """Return the class of an external parser, by its whole name.

    Raises:
        InputError: The name is unknown, or means the parser of a run.
    """
    if name == RUN:
        raise InputError("A new run has no parser yet: --parser biaffine learns one.")
    kind, _, argument = name.partition(":")
    known: dict[str, type[Part]] = {**PARSERS, BIAFFINE: BiaffineParser}
    if kind not in known or not argument:
        raise InputError(f"Unknown parser {name!r}.{suggest(name, CHOICES)}")
    return known[kind]


KIND: Kind[Part] = Kind("parser", "parser", {TREES: CorpusTrees, BIAFFINE: BiaffineHead}, _external)


def external_parser(name: str) -> Parser:
    """Return the external parser of that name.

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


def build_parser_head(
    config: ParserConfig, input_size: int, relations: Sequence[str]
) -> BiaffineHead | None:
    """Build the parser that a model learns beside its entities, if the settings name one.

    Args:
        config: Settings.
        input_size: Width D of the token features.
        relations: Those it can give.

    Raises:
        InputError: There are no relations to learn, or an option is wrong.
    """
    options = KIND.options(config.name, config.options)
    if config.name != BIAFFINE:
        return None
    del options["jackknife"], options["own_trees"]  # say how it is trained, not what it is
    return BiaffineHead(input_size, relations, **options)
