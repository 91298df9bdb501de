"""A deep biaffine parser as a head: token features in, trees out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from synner_graph.config import Section
from synner_graph.data.sentence import ROOT
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError, suggest
from synner_graph.graph.tensors import Tensors
from synner_graph.heads.base import at_least_float32, symmetric_divergence
from synner_graph.heads.best_tree import best_tree
from synner_graph.parts import Part

BIAFFINE = "biaffine"


@dataclass(frozen=True, eq=False)
class TreeGold(Tensors):
    """The gold trees of a batch.

    Attributes:
        heads: Head of each token, counted in its sentence; `ROOT` for a root.
            *Shape:* [N]
        relations: Position in `BiaffineHead.relations` of each token's relation.
            *Shape:* [N]
    """

    heads: Tensor
    relations: Tensor


class BiaffineOptions(Section):
    """Options of `biaffine`."""

    arc_size: int = Field(256, gt=0, description="width of an arc's end")
    relation_size: int = Field(128, gt=0, description="width of a relation's end")
    dropout: float = Field(0.3, ge=0, lt=1, description="on both")
    weight: float = Field(0.1, gt=0, description="of its loss beside the head's")
    jackknife: int | None = Field(
        None,
        gt=1,
        description="learn entities on trees as the parser gives them: cut the training split into "
        "this many parts, and parse each with a parser that learned from the others",
    )
    own_trees: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the training sentences that are read with the tree that the parser "
        "gives them at that moment; it rises evenly from 0 in the first epoch to this in the last",
    )
    tree_noise: float = Field(
        0.0,
        ge=0,
        description="how far those trees stray from the best ones: scale of the Gumbel noise on "
        "the scores of arcs and relations",
    )


class BiaffineHead(nn.Module, Part):
    """Scores every arc of a sentence, and every relation of an arc.

    With `d` a token as dependent and `h` a token, or the root, as head, each a perceptron of the
    token features, one pair for arcs and one for relations:

        arc(d, h) = d' U h + u' h           relation_r(d, h) = [d; 1]' V_r [h; 1]

    The loss is the cross-entropy of each token's head among the root and the tokens of its
    sentence, plus that of its relation to the gold head. Decoding finds the best tree with one
    root, then the best relation of each of its arcs.

    Source: Dozat and Manning (ICLR 2017), equations 4 to 9.

    Args:
        input_size: Width D of the token features.
        relations: The relations it can give.
        arc_size: Width A of a token as one end of an arc.
        relation_size: Width P of a token as one end of an arc whose relation is sought.
        dropout: On all four perceptrons.
        weight: Of its loss beside that of the head that names the entities.
        tree_noise: What `sample` adds to scores.

    Raises:
        InputError: There are no relations to learn.
    """

    name: ClassVar[str] = BIAFFINE
    Options = BiaffineOptions

    def __init__(
        self,
        input_size: int,
        relations: Sequence[str],
        arc_size: int,
        relation_size: int,
        dropout: float,
        weight: float = 0.1,
        tree_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = weight
        self.tree_noise = tree_noise
        self.relations = tuple(relations)
        if not self.relations:
            raise InputError("The parser 'biaffine' learns from trees, but the corpus has none.")
        self.ids = {name: i for i, name in enumerate(self.relations)}
        self.root = nn.Parameter(torch.zeros(input_size))
        self.arc_dependent = _perceptron(input_size, arc_size, dropout)
        self.arc_head = _perceptron(input_size, arc_size, dropout)
        self.relation_dependent = _perceptron(input_size, relation_size, dropout)
        self.relation_head = _perceptron(input_size, relation_size, dropout)
        self.arc = nn.Linear(arc_size, arc_size)  # weight: U transposed; bias: u
        size = relation_size + 1
        self.relation = nn.Parameter(torch.empty(len(self.relations), size, size))
        nn.init.uniform_(self.relation, -1 / size, 1 / size)

    def encode(self, trees: Sequence[Tree]) -> TreeGold:
        """Gold trees of one batch as the tensors that `loss` reads.

        Raises:
            InputError: A relation is unknown.
        """
        relations = [name for _, names in trees for name in names]
        for name in relations:
            if name not in self.ids:
                raise InputError(f"Unknown relation {name!r}.{suggest(name, self.relations)}")
        return TreeGold(
            heads=torch.tensor([head for heads, _ in trees for head in heads]),
            relations=torch.tensor([self.ids[name] for name in relations]),
        )

    def loss(self, x: Tensor, offsets: Tensor, gold: TreeGold) -> Tensor:
        """Cross-entropy of heads and relations, summed over the tokens of the batch.

        Args:
            x: Token features.
                *Shape:* [N, D]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            gold: What `encode` gave for these sentences, on the device of `x`.

        Returns:
            A scalar.
        """
        return _cross_entropy(self._log_probs(x, offsets, gold), offsets, gold)

    def rdrop_loss(
        self, x: Tensor, other: Tensor, offsets: Tensor, gold: TreeGold, weight: float
    ) -> Tensor:
        """Compute the loss of two passes that differ in dropout, with a price on disagreement.

        See `Head.rdrop_loss`; the divergences are those of each token's head, and of its relation
        to the gold head.

        Args:
            x: Token features of the first pass.
                *Shape:* [N, D]
            other: Token features of the second pass.
                *Shape:* [N, D]
            offsets: See `loss`.
            gold: See `loss`.
            weight: Of the divergences.

        Returns:
            A scalar.
        """
        passes = [self._log_probs(features, offsets, gold) for features in (x, other)]
        losses = [_cross_entropy(log_probs, offsets, gold) for log_probs in passes]
        apart = [symmetric_divergence(p, q) for p, q in zip(*passes, strict=True)]
        return (losses[0] + losses[1]) / 2 + weight * torch.stack(apart).sum()

    def decode(self, x: Tensor, offsets: Tensor) -> list[Tree]:
        """The best tree of each sentence, and the best relation of each of its arcs.

        Args:
            x: Token features.
                *Shape:* [N, D]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
        """
        return self._trees(x, offsets, noise=0.0)

    def sample(self, x: Tensor, offsets: Tensor) -> list[Tree]:
        """A tree for each sentence as the parser might give it, without dropout.

        Gumbel noise of the scale `tree_noise` is added to the log-probabilities of arcs and
        relations; the best tree under these scores is taken. At scale 1 a token's head would be
        drawn by its probability if the heads did not have to make a tree; at 0 the tree is the
        best one.

        Source: Corro and Titov (ICLR 2019), where the best tree of perturbed scores is a sample.

        Args:
            x: Token features.
                *Shape:* [N, D]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
        """
        training = self.training
        self.eval()
        try:
            return self._trees(x, offsets, self.tree_noise)
        finally:
            self.train(training)

    @torch.no_grad()
    def _trees(self, x: Tensor, offsets: Tensor, noise: float) -> list[Tree]:
        arcs = [_perturbed(scores, noise).double().cpu() for scores in self.arc_scores(x, offsets)]
        heads = [best_tree(scores.numpy()) for scores in arcs]
        flat = torch.tensor([head for tree in heads for head in tree], device=x.device)
        scores = _perturbed(self.relation_scores(x, offsets, flat), noise)
        relations = iter(scores.argmax(1).tolist())
        return [(tree, [self.relations[next(relations)] for _ in tree]) for tree in heads]

    def arc_scores(self, x: Tensor, offsets: Tensor) -> list[Tensor]:
        """How well each token hangs from the root (column 0) and from each token of its sentence.

        Args:
            x: Token features.
                *Shape:* [N, D]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]

        Returns:
            One matrix for each sentence; n is its number of tokens.
                *Shape:* [n, n + 1]
        """
        dependents: Tensor = self.arc(self.arc_dependent(x))  # [N, A]
        heads = self.arc_head(self._with_root(x))  # [N + 1, A], the root last
        first = offsets.tolist()
        scores = []
        for start, end in pairwise(first):
            candidates = torch.cat([heads[-1:], heads[start:end]])
            scores.append(at_least_float32(dependents[start:end] @ candidates.T))
        return scores

    def relation_scores(self, x: Tensor, offsets: Tensor, heads: Tensor) -> Tensor:
        """How well each relation fits the arc of each token to its head.

        Args:
            x: Token features.
                *Shape:* [N, D]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]
            heads: Head of each token, counted in its sentence; `ROOT` for a root.
                *Shape:* [N]

        Returns:
            *Shape:* [N, R]
        """
        lengths = offsets.diff()
        start = torch.repeat_interleave(offsets[:-1], lengths, output_size=len(x)).to(x.device)
        rows = torch.where(heads == ROOT, len(x), start + heads)
        dependents = _with_one(self.relation_dependent(x))  # [N, P + 1]
        sources = _with_one(self.relation_head(self._with_root(x)))[rows]  # [N, P + 1]
        between = torch.einsum("np,rpq->nrq", dependents, self.relation.to(dependents.dtype))
        return at_least_float32(torch.einsum("nrq,nq->nr", between, sources))

    def _log_probs(self, x: Tensor, offsets: Tensor, gold: TreeGold) -> list[Tensor]:
        """Return those of relations to the gold heads, [N, R], then of heads, by sentence."""
        scores = [self.relation_scores(x, offsets, gold.heads), *self.arc_scores(x, offsets)]
        return [rows.log_softmax(1) for rows in scores]

    def _with_root(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.root.to(x.dtype).unsqueeze(0)])


def _cross_entropy(log_probs: Sequence[Tensor], offsets: Tensor, gold: TreeGold) -> Tensor:
    """Sum the cross-entropy of what `BiaffineHead._log_probs` gave. *Shape:* []"""
    relations, *arcs = log_probs
    loss = functional.nll_loss(relations, gold.relations, reduction="sum")
    for rows, start in zip(arcs, offsets.tolist(), strict=False):
        wanted = gold.heads[start : start + len(rows)] + 1  # the root has column 0
        loss = loss + functional.nll_loss(rows, wanted, reduction="sum")
    return loss


def _perceptron(input_size: int, output_size: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(input_size, output_size), nn.LeakyReLU(0.1), nn.Dropout(dropout))


def _perturbed(scores: Tensor, noise: float) -> Tensor:
    """Log-probabilities along the last axis, with Gumbel noise of that scale."""
    found = scores.log_softmax(1)
    if noise:
        drawn = torch.empty_like(found).exponential_().clamp_min(torch.finfo(found.dtype).tiny)
        found = found - noise * drawn.log()
    return found


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, x.new_ones(len(x), 1)], dim=1)
