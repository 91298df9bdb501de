"""A deep biaffine parser as a head: token features in, trees out."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from synner_graph.data.sentence import ROOT
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError, suggest
from synner_graph.graph.arcs import Arcs
from synner_graph.heads.base import at_least_float32, symmetric_divergence
from synner_graph.heads.best_tree import best_tree
from synner_graph.heads.biaffine_types import BiaffineOptions, TreeGold
from synner_graph.parts import Part

BIAFFINE = "biaffine"


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
        soft_heads: How many heads of each token `best_arcs` gives.
        soft_relations: How many relations of each of these arcs.

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
        soft_heads: int = 0,
        soft_relations: int = 1,
    ) -> None:
        super().__init__()
        self.weight = weight
        self.tree_noise = tree_noise
        self.soft_heads = soft_heads
        self.soft_relations = soft_relations
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
        self.named_axes = {"relation": (self.relations,)}

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
        """Draw a tree for each sentence as the parser might give it, without dropout.

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

    def best_arcs(self, x: Tensor, offsets: Tensor) -> Arcs:
        """Give the arcs to the `soft_heads` most probable heads of each token.

        The root counts among the heads, but makes no arc: where it is one of them, a token has one
        arc less. The heads need not make a tree. An arc stands there once for each of its
        `soft_relations` most probable relations, and these share its weight, the probability of the
        head, by their own probabilities. Gradient reaches the scores of arcs and of relations
        through the weights; the choice has none.

        Args:
            x: Token features.
                *Shape:* [N, D]
            offsets: First row of each sentence, and at the end N.
                *Shape:* [B + 1]

        Returns:
            Arcs ordered by dependent, then from the best head on, then from the best relation on;
            relations are positions in `relations`.
        """
        chosen, probabilities = [], []
        for scores in self.arc_scores(x, offsets):
            n = len(scores)
            itself = torch.eye(n, dtype=torch.bool, device=x.device)
            others = scores.masked_fill(F.pad(itself, (1, 0)), -torch.inf).softmax(1)
            p, columns = others.topk(min(self.soft_heads, n), dim=1)
            missing = (0, self.soft_heads - columns.shape[1])
            chosen.append(F.pad(columns - 1, missing, value=ROOT))
            probabilities.append(F.pad(p, missing))
        heads = torch.cat(chosen)  # [N, k], counted in the sentence
        is_arc = heads != ROOT
        rows = (heads + _first_rows(offsets, x).unsqueeze(1))[is_arc]
        dependents = torch.arange(len(x), device=x.device).unsqueeze(1).expand_as(heads)[is_arc]
        relations, shares = self._best_relations(x, offsets, heads)  # [N, k, r]
        weight = torch.cat(probabilities).unsqueeze(-1) * shares
        copies = relations.shape[-1]
        return Arcs(
            rows.repeat_interleave(copies),
            dependents.repeat_interleave(copies),
            relations[is_arc].flatten(),
            weight[is_arc].flatten(),
        )

    def _best_relations(self, x: Tensor, offsets: Tensor, heads: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best relations of arcs, and the share of each, which add up to 1 an arc.

        Args:
            x: See `best_arcs`.
            offsets: See `best_arcs`.
            heads: As `relation_scores` reads them.
                *Shape:* [N, k]

        Returns:
            *Shape:* [N, k, r] each
        """
        count = min(self.soft_relations, len(self.relations))
        with torch.set_grad_enabled(torch.is_grad_enabled() and count > 1):  # a lone share is 1
            best = self.relation_scores(x, offsets, heads).topk(count, dim=-1)
            return best.indices, best.values.softmax(-1)

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
            heads: Head of each token, or k heads of each, counted in its sentence; `ROOT` for a
                root.
                *Shape:* [N] or [N, k]

        Returns:
            *Shape:* [N, R] or [N, k, R]
        """
        start = _first_rows(offsets, x)
        start = start if heads.dim() == 1 else start.unsqueeze(1)
        rows = torch.where(heads == ROOT, len(x), start + heads)
        dependents = _with_one(self.relation_dependent(x))  # [N, P + 1]
        sources = _with_one(self.relation_head(self._with_root(x)))[rows]  # [N, (k,) P + 1]
        between = torch.einsum("np,rpq->nrq", dependents, self.relation.to(dependents.dtype))
        return at_least_float32(torch.einsum("nrq,n...q->n...r", between, sources))

    def _log_probs(self, x: Tensor, offsets: Tensor, gold: TreeGold) -> list[Tensor]:
        """Return those of relations to the gold heads, [N, R], then of heads, by sentence."""
        scores = [self.relation_scores(x, offsets, gold.heads), *self.arc_scores(x, offsets)]
        return [rows.log_softmax(1) for rows in scores]

    def _with_root(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.root.to(x.dtype).unsqueeze(0)])


def _cross_entropy(log_probs: Sequence[Tensor], offsets: Tensor, gold: TreeGold) -> Tensor:
    """Sum the cross-entropy of what `BiaffineHead._log_probs` gave. *Shape:* []"""
    relations, *arcs = log_probs
    loss = F.nll_loss(relations, gold.relations, reduction="sum")
    for rows, start in zip(arcs, offsets.tolist(), strict=False):
        wanted = gold.heads[start : start + len(rows)] + 1  # the root has column 0
        loss = loss + F.nll_loss(rows, wanted, reduction="sum")
    return loss


def _perceptron(input_size: int, output_size: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(input_size, output_size), nn.LeakyReLU(0.1), nn.Dropout(dropout))


def _first_rows(offsets: Tensor, x: Tensor) -> Tensor:
    """Return the first row of each token's sentence. *Shape:* [N]"""
    lengths = offsets.diff()
    return torch.repeat_interleave(offsets[:-1], lengths, output_size=len(x)).to(x.device)


def _perturbed(scores: Tensor, noise: float) -> Tensor:
    """Return log-probabilities along the last axis, with Gumbel noise of that scale."""
    found = scores.log_softmax(1)
    if noise:
        drawn = torch.empty_like(found).exponential_().clamp_min(torch.finfo(found.dtype).tiny)
        found = found - noise * drawn.log()
    return found


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, x.new_ones(len(x), 1)], dim=1)
