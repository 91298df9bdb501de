"""Use the parser that a run learned beside its entities as any other parser."""

from collections.abc import Callable, Sequence

from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import Tree
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.parsers.base import Parser


class BiaffineParser(Parser):
    """The biaffine head of a run: made by `SynNER.own_parser`.

    Args:
        trees: Gives each sentence its tree.
        version: That of the run.
        relations: Those it can give.
        name: What to call it.
    """

    def __init__(
        self,
        trees: Callable[[Sequence[Sentence]], list[Tree]],
        version: str,
        relations: Sequence[str],
        name: str = BIAFFINE,
    ) -> None:
        self._trees = trees
        self.version = version
        self.relations = tuple(sorted(relations))
        self.name = name

    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        """See `Parser.trees`."""
        return self._trees(sentences)
