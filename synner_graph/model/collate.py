"""From sentences to a Batch: one graph, the encoder's inputs, the gold of head and parser."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.documents import follows_on
from synner_graph.data.gazetteer import Gazetteer
from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import Tree
from synner_graph.data.vocabulary import Vocabulary, without_subtype
from synner_graph.data.words.forms import content_forms
from synner_graph.errors import InputError
from synner_graph.graph.edges import GAZETTEER, SAME_FORM, DocumentContext, EdgeInventory
from synner_graph.graph.kinds.gazetteer import Mentions
from synner_graph.graph.tensors import Tensors
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads.biaffine_types import TreeGold
from synner_graph.heads.soft import SoftTarget
from synner_graph.model.batch import Batch

Encode = Callable[[Sequence[Sentence]], Tensors]
Mark = Callable[[Sequence[Sentence], Any], Tensors | None]
EncodeTrees = Callable[[Sequence[Tree]], TreeGold]
EncodeSoft = Callable[[Sequence[SoftTarget]], Tensors]


class Collator:
    """Builds batches.

    Args:
        inventory: Edges of the graphs.
        relations: Known dependency relations.
        inputs: The encoder's `collate`.
        gold: The head's `encode`.
        fold_subtypes: Read relations without their subtypes.
        reads_relations: The encoder reads relations, whether or not the graph does.
        marks: What the head reads of tokens, from sentences and the encoder's inputs.
        trees: The `encode` of a model's own parser.
        frequent: Forms that are no content words.
        gazetteer: Phrases that become nodes, where the graph has some.
        soft_gold: The head's `encode_soft`.
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
        frequent: Collection[str] = (),
        gazetteer: Gazetteer | None = None,
        soft_gold: EncodeSoft | None = None,
    ) -> None:
        self.inventory = inventory
        self.relations = relations
        self.inputs = inputs
        self.gold = gold
        self.soft_gold = soft_gold
        self.fold_subtypes = fold_subtypes
        self.reads_relations = reads_relations or inventory.reads_relations
        self.marks = marks
        self.trees = trees
        self.frequent = frequent
        self.gazetteer = gazetteer or Gazetteer(())

    def __call__(
        self,
        sentences: Sequence[Sentence],
        with_gold: bool = True,
        gold_trees: Sequence[Sentence] | None = None,
        targets: Sequence[SoftTarget] | None = None,
    ) -> Batch:
        """Collate.

        Args:
            sentences: What to read.
            with_gold: Whether the losses are to be computed.
            gold_trees: The same sentences with the trees that the model's own parser learns, where
                these are not those that the model reads.
            targets: What the head learns of the sentences, where that is not their entities alone.

        Raises:
            InputError: If the graph needs trees and a sentence has none.
        """
        inputs = self.inputs(sentences)
        trees = gold = None
        if with_gold and targets is None:
            gold = self.gold(sentences)
        elif with_gold and self.soft_gold is not None:
            gold = self.soft_gold(targets or ())
        if with_gold and self.trees is not None:
            trees = self.trees([self.tree(sentence) for sentence in gold_trees or sentences])
        return Batch(
            sentences=tuple(sentences),
            graph=self.graph(sentences),
            inputs=inputs,
            marks=self.marks(sentences, inputs),
            gold=gold,
            trees=trees,
        )

    def graph(self, sentences: Sequence[Sentence]) -> TokenGraph:
        """The graph of some sentences; those of a document that follow each other are joined."""
        lengths = [len(sentence) for sentence in sentences]
        heads: list[Sequence[int]] = []
        relations: list[list[int]] = []
        if self.inventory.needs_trees:
            for sentence in sentences:
                tree, names = self.tree(sentence)
                heads.append(tree)
                relations.append([self.relations.id_of(name) for name in names])
        context = self._context(sentences)
        return TokenGraph.build(lengths, self.inventory, heads, relations, context)

    def _context(self, sentences: Sequence[Sentence]) -> DocumentContext:
        """What the kinds that join sentences read."""
        if not self.inventory.reads_documents:
            return DocumentContext()
        numbers = document_numbers(sentences)
        forms = mentions = None
        if GAZETTEER in self.inventory.kinds:
            found = [self.gazetteer.find(sentence) for sentence in sentences]
            lengths = [len(sentence) for sentence in sentences]
            mentions = Mentions.collect(found, self.gazetteer, lengths, numbers)
        if SAME_FORM in self.inventory.kinds:
            forms = np.array(content_forms(sentences, self.frequent), dtype=np.int64)
        return DocumentContext(numbers, forms, mentions)

    def tree(self, sentence: Sentence) -> Tree:
        """Heads of a sentence, and its relations as the vocabulary names them.

        Raises:
            InputError: If it has none.
        """
        if sentence.heads is None:
            raise InputError(
                f"The sentence {sentence.id or ' '.join(sentence.tokens)!r} has no dependency "
                "tree, but the model reads one: name a parser with --parser (spacy:PACKAGE, "
                "biaffine:RUN), use a format with heads and relations (conllu, conllx), or a model "
                "trained with --syntax none."
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


def document_numbers(sentences: Sequence[Sentence]) -> NDArray[np.int64]:
    """A number for each sentence: that of the one before if both are of one document.

    Sentences of a document with others in between are apart: they are no neighbors in it, either.
    """
    new = [not follows_on(*pair) for pair in pairwise(sentences)]
    return np.cumsum([False, *new][: len(sentences)], dtype=np.int64)
