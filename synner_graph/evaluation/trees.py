"""Attachment scores: the share of tokens that hang where they should."""

from collections.abc import Iterable
from dataclasses import dataclass

from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import Tree
from synner_graph.data.vocabulary import without_subtype

PUNCTUATION = ("punct", "PUNCT")


@dataclass(frozen=True)
class TreeScore:
    """Counts of tokens.

    Attributes:
        tokens: all that were compared.
        heads: those with the right head.
        arcs: those with the right head and the right relation.
    """

    tokens: int
    heads: int
    arcs: int

    @property
    def uas(self) -> float:
        """Percent of the tokens with the right head."""
        return 100 * self.heads / self.tokens if self.tokens else 0.0

    @property
    def las(self) -> float:
        """Percent of the tokens with the right head and relation."""
        return 100 * self.arcs / self.tokens if self.tokens else 0.0

    def to_json(self) -> dict[str, float | int]:
        """Rates in percent and counts."""
        return {
            "uas": self.uas,
            "las": self.las,
            "tokens": self.tokens,
            "heads": self.heads,
            "arcs": self.arcs,
        }


@dataclass(frozen=True)
class TreeReport:
    """Attachment scores of one split.

    Attributes:
        all: over all tokens, as in the CoNLL 2018 shared task.
        without_punctuation: over those that are no punctuation by their gold relation, as was the
            custom before.
    """

    split: str
    all: TreeScore
    without_punctuation: TreeScore

    def to_json(self) -> dict[str, dict[str, float | int]]:
        """Both scores."""
        return {
            "all": self.all.to_json(),
            "without_punctuation": self.without_punctuation.to_json(),
        }


def score_trees(
    gold: Iterable[Sentence], trees: Iterable[Tree], split: str, fold_subtypes: bool = False
) -> TreeReport:
    """Compare trees with those of the sentences.

    Args:
        gold: parsed sentences.
        trees: as many, over the same tokens.
        split: name for the report.
        fold_subtypes: whether the trees have relations without their subtypes.
    """
    counts = {True: [0, 0, 0], False: [0, 0, 0]}
    for sentence, tree in zip(gold, trees, strict=True):
        for arc, head, relation in zip(sentence.arcs, *tree, strict=True):
            wanted = without_subtype(arc.relation) if fold_subtypes else arc.relation
            count = counts[arc.relation in PUNCTUATION]
            count[0] += 1
            count[1] += head == arc.head
            count[2] += head == arc.head and relation == wanted
    words, marks = TreeScore(*counts[False]), counts[True]
    everything = (a + b for a, b in zip(counts[False], marks, strict=True))
    return TreeReport(split, TreeScore(*everything), words)
