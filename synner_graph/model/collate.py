"""From sentences to a Batch: one graph, the encoder's inputs, the head's gold."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from synner_graph.data.sentence import Sentence
from synner_graph.data.vocabulary import Vocabulary, without_subtype
from synner_graph.errors import InputError
from synner_graph.graph.edges import EdgeInventory
from synner_graph.graph.token_graph import TokenGraph

Encode = Callable[[Sequence[Sentence]], dict[str, Tensor]]
Mark = Callable[[Sequence[Sentence], dict[str, Tensor]], dict[str, Tensor]]
EncodeTrees = Callable[[Sequence[tuple[Sequence[int], Sequence[str]]]], dict[str, Tensor]]


@dataclass(frozen=True, eq=False)
class Batch:
    """Sentences as tensors.

    Attributes:
        sentences: as they were given.
        graph: all of them as one graph of N nodes.
        inputs: what the encoder reads.
        marks: what the head reads of the tokens beside their states.
        gold: what the losses of head and parser read; empty when predicting.
    """

    sentences: tuple[Sentence, ...]
    graph: TokenGraph
    inputs: dict[str, Tensor]
    marks: dict[str, Tensor]
    gold: dict[str, Tensor]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The same batch on another device."""

        def move(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            return {k: t.to(device, non_blocking=non_blocking) for k, t in tensors.items()}

        return replace(
            self,
            graph=self.graph.to(device),
            inputs=move(self.inputs),
            marks=move(self.marks),
            gold=move(self.gold),
        )


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
        marks: Mark = lambda sentences, inputs: {},
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
        gold: dict[str, Tensor] = {}
        if with_gold:
            gold |= self.gold(sentences)
            if self.trees is not None:
                gold |= self.trees([self.tree(sentence) for sentence in gold_trees or sentences])
        return Batch(
            sentences=tuple(sentences),
            graph=self.graph(sentences),
            inputs=inputs,
            marks=self.marks(sentences, inputs),
            gold=gold,
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

    def tree(self, sentence: Sentence) -> tuple[Sequence[int], Sequence[str]]:
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
