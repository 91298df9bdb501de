"""From sentences to a Batch: one graph, the encoder's inputs, the gold of head and parser."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import Tree
from synner_graph.data.vocabulary import Vocabulary, without_subtype
from synner_graph.errors import InputError
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.tensors import Tensors
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads.biaffine import TreeGold
from synner_graph.model.batch import Batch

Encode = Callable[[Sequence[Sentence]], Tensors]
Mark = Callable[[Sequence[Sentence], Any], Tensors | None]
EncodeTrees = Callable[[Sequence[Tree]], TreeGold]


class Collator:
    """Builds batches.

    Args:
        inventory: edges of the graphs.
        relations: known dependency relations.
        inputs: the encoder's `collate`.
        gold: the head's `encode`.
        fold_subtypes: read relations without their subtypes.
        reads_relations: the encoder reads relations, whether or not the graph does.
        marks: what the head reads of tokens, from sentences and the encoder's inputs.
        trees: the `encode` of a model's own parser.
    """

    def __init__(
        self,
        inventory: EdgeInventory,
        relations: Vocabulary,
        inputs: Encode,
        gold: Encode,
        fold_subtypes: bool = False,
        reads_relations: bool = False,
        marks: Mark = lambda sentences, inputs: None,
        trees: EncodeTrees | None = None,
    ) -> None:
        self.inventory = inventory
        self.relations = relations
        self.inputs = inputs
        self.gold = gold
        self.fold_subtypes = fold_subtypes
        self.reads_relations = reads_relations or inventory.reads_relations
        self.marks = marks
        self.trees = trees

    def __call__(
        self,
        sentences: Sequence[Sentence],
        with_gold: bool = True,
        gold_trees: Sequence[Sentence] | None = None,
    ) -> Batch:
        """Collate.

        Args:
            sentences: what to read.
            with_gold: whether the losses are to be computed.
            gold_trees: the same sentences with the trees that the model's own parser learns, where
                these are not those that the model reads.

        Raises:
            InputError: if the graph needs trees and a sentence has none.
        """
        inputs = self.inputs(sentences)
        trees = None
        if with_gold and self.trees is not None:
            trees = self.trees([self.tree(sentence) for sentence in gold_trees or sentences])
        return Batch(
            sentences=tuple(sentences),
            graph=self.graph(sentences),
            inputs=inputs,
            marks=self.marks(sentences, inputs),
            gold=self.gold(sentences) if with_gold else None,
            trees=trees,
        )

    def graph(self, sentences: Sequence[Sentence]) -> TokenGraph:
        """The graph of some sentences."""
        lengths = [len(sentence) for sentence in sentences]
        if not self.inventory.needs_trees:
            return TokenGraph.build(lengths, self.inventory)
        heads: list[Sequence[int]] = []
        relations: list[list[int]] = []
        for sentence in sentences:
            tree, names = self.tree(sentence)
            heads.append(tree)
            relations.append([self.relations.id_of(name) for name in names])
        return TokenGraph.build(lengths, self.inventory, heads, relations)

    def tree(self, sentence: Sentence) -> Tree:
        """Heads of a sentence, and its relations as the vocabulary names them.

        Raises:
            InputError: if it has none.
        """
        if sentence.heads is None:
            raise InputError(
                f"The sentence {sentence.id or ' '.join(sentence.tokens)!r} has no dependency "
                "tree, but the model reads one: use a format with heads and relations "
                "(conllu, conllx), or a model trained with --syntax none."
            )
        return sentence.heads, self._names(sentence)

    def unknown_relations(self, sentences: Iterable[Sentence]) -> Counter[str]:
        """How often some sentences hold a relation that the model reads and does not know."""
        if not self.reads_relations:
            return Counter()
        names = (name for sentence in sentences for name in self._names(sentence))
        return Counter(name for name in names if self.relations.id_of(name) == 0)

    def _names(self, sentence: Sentence) -> Sequence[str]:
        """The relations of a sentence as the vocabulary names them."""
        names = sentence.relations or ()
        return [without_subtype(name) for name in names] if self.fold_subtypes else names
