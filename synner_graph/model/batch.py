"""Batch: sentences as tensors."""

from dataclasses import dataclass, replace

import torch

from synner_graph.data.sentence import Sentence
from synner_graph.graph.tensors import Tensors
from synner_graph.graph.token_graph import TokenGraph
from synner_graph.heads.biaffine_types import TreeGold


@dataclass(frozen=True, eq=False)
class Batch:
    """Sentences as tensors.

    Attributes:
        sentences: As they were given.
        graph: All of them as one graph of N nodes.
        inputs: What the encoder reads.
        marks: What the head reads of the tokens beside their states; None where it reads nothing.
        gold: What the head's loss reads; None when predicting.
        trees: What the parser's loss reads; None when predicting, and without a parser.
        own_trees: Whether the loss is that of each sentence on the tree that the model's own parser
            gives it, in place of the one in `graph`; empty: of none.
    """

    sentences: tuple[Sentence, ...]
    graph: TokenGraph
    inputs: Tensors
    marks: Tensors | None = None
    gold: Tensors | None = None
    trees: TreeGold | None = None
    own_trees: tuple[bool, ...] = ()

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The same batch on another device."""
        return replace(
            self,
            graph=self.graph.to(device),
            inputs=self.inputs.to(device, non_blocking),
            marks=self.marks and self.marks.to(device, non_blocking),
            gold=self.gold and self.gold.to(device, non_blocking),
            trees=self.trees and self.trees.to(device, non_blocking),
        )
