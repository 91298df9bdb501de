"""Parsers of Stanza, where it is installed."""

from collections.abc import Sequence
from importlib import import_module

from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError
from synner_graph.parsers.base import Parser


class StanzaParser(Parser):
    """The parser of a language in Stanza. It keeps the tokens of the sentence.

    Args:
        language: Stanza's code of a language whose models are on this machine.

    Raises:
        InputError: Stanza or the models are missing.
    """

    def __init__(self, language: str) -> None:
        try:
            stanza = import_module("stanza")
        except ImportError as error:
            raise InputError(
                f"The parser stanza:{language} needs Stanza: pip install stanza."
            ) from error
        try:
            self.pipeline = stanza.Pipeline(
                language,
                processors="tokenize,pos,lemma,depparse",
                tokenize_pretokenized=True,
                download_method=None,
                verbose=False,
            )
        except (OSError, ValueError) as error:  # as it calls missing files and unknown languages
            raise InputError(
                f"There are no Stanza models for {language!r} on this machine: download them with "
                f"stanza.download({language!r})."
            ) from error
        self.name = f"stanza:{language}"
        self.version = stanza.__version__
        self.relations = tuple(sorted(self.pipeline.processors["depparse"].get_known_relations()))

    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        """See `Parser.trees`."""
        if not sentences:
            return []
        document = self.pipeline([list(sentence.tokens) for sentence in sentences])
        # Stanza counts words from 1 and calls the root's head 0: ROOT is one less than that.
        return [
            ([word.head - 1 for word in parsed.words], [word.deprel for word in parsed.words])
            for parsed in document.sentences
        ]
