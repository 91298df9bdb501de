"""Which edges a sentence graph has, and how their relation types are numbered.

Every edge kind owns a block of relation ids, so a typed layer tells `nsubj` read from head to
dependent from `nsubj` read from dependent to head.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import ROOT
from synner_graph.errors import InputError, suggest

IntArray = NDArray[np.int64]

HEAD_DEPENDENT = "head-dependent"
DEPENDENT_HEAD = "dependent-head"
SELF = "self"
NEXT_TOKEN = "next-token"
PREVIOUS_TOKEN = "previous-token"

EDGE_KINDS = (HEAD_DEPENDENT, DEPENDENT_HEAD, SELF)
"""The kinds of a graph for which no others are asked."""

NAMED_KINDS = (*EDGE_KINDS, NEXT_TOKEN, PREVIOUS_TOKEN)
"""All kinds but `2-hop`, `3-hop` and so on, which join tokens so many arcs apart."""

HOPS = re.compile(r"([2-9]|[1-9][0-9]+)-hop")


@dataclass(frozen=True)
class EdgeInventory:
    """The edge kinds in use and the relation types that follow from them.

    Attributes:
        kinds: edge kinds in the order of their relation blocks; empty when no graph is wanted.
        relations: names of the dependency relations, indexed by relation id.

    Raises:
        InputError: for an unknown kind or one named twice.
    """

    kinds: tuple[str, ...]
    relations: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse kinds that do not exist."""
        for kind in self.kinds:
            if kind not in NAMED_KINDS and not HOPS.fullmatch(kind):
                hint = suggest(kind, (*NAMED_KINDS, "2-hop", "3-hop"))
                raise InputError(f"Unknown edge kind {kind!r}.{hint}")
        if len(set(self.kinds)) != len(self.kinds):
            raise InputError(f"An edge kind is named twice in {', '.join(self.kinds)}.")

    @property
    def needs_trees(self) -> bool:
        """Whether sentences must come with heads and relations."""
        return not set(self.kinds) <= {SELF, NEXT_TOKEN, PREVIOUS_TOKEN}

    @property
    def reads_relations(self) -> bool:
        """Whether relation types tell one dependency relation from another."""
        return HEAD_DEPENDENT in self.kinds or DEPENDENT_HEAD in self.kinds

    @property
    def relation_types(self) -> tuple[str, ...]:
        """Name of every relation type, by id: `nsubj`, `nsubj (dependent-head)`, `self`."""
        names: list[str] = []
        for kind in self.kinds:
            if kind == HEAD_DEPENDENT:
                names.extend(self.relations)
            elif kind == DEPENDENT_HEAD:
                names.extend(f"{relation} ({kind})" for relation in self.relations)
            else:
                names.append(kind)
        return tuple(names)

    def first_relation(self, kind: str) -> int:
        """The first relation id of a kind's block."""
        return len(
            EdgeInventory(self.kinds[: self.kinds.index(kind)], self.relations).relation_types
        )

    def edges(
        self, heads: IntArray, relations: IntArray, offsets: IntArray
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """All edges of a batch, kind after kind.

        Args:
            heads: row of each token's head in the batch, or ROOT. *Shape:* [N]
            relations: relation id of each token's arc. *Shape:* [N]
            offsets: first row of each sentence, then N. *Shape:* [B + 1]

        Returns:
            src, dst, relation type and direction (index into `kinds`). *Shape:* [E] each
        """
        nodes = np.arange(len(heads), dtype=np.int64)
        dependents = nodes[heads != ROOT] if self.needs_trees else nodes[:0]
        arcs = heads[dependents], dependents
        parts: list[tuple[IntArray, IntArray, IntArray]] = []
        first = 0
        for kind in self.kinds:
            if kind in (HEAD_DEPENDENT, DEPENDENT_HEAD):
                src, dst = arcs if kind == HEAD_DEPENDENT else arcs[::-1]
                parts.append((src, dst, relations[dependents] + first))
                first += len(self.relations)
                continue
            if kind == SELF:
                src = dst = nodes
            elif hops := HOPS.fullmatch(kind):
                src, dst = tokens_apart(*arcs, len(nodes), int(hops[1]))
            else:
                src = np.delete(nodes, offsets[1:][np.diff(offsets) > 0] - 1)  # all but the last
                dst = src + 1
                if kind == PREVIOUS_TOKEN:
                    src, dst = dst, src
            parts.append((src, dst, np.full(len(src), first, dtype=np.int64)))
            first += 1
        direction = np.repeat(np.arange(len(parts), dtype=np.int64), [len(p[0]) for p in parts])
        if not parts:
            return nodes[:0], nodes[:0], nodes[:0], direction
        src, dst, relation = (np.concatenate(column) for column in zip(*parts, strict=True))
        return src, dst, relation, direction


def tokens_apart(
    heads: IntArray, dependents: IntArray, num_nodes: int, hops: int
) -> tuple[IntArray, IntArray]:
    """All ordered pairs of nodes that are `hops` arcs apart in a forest.

    A walk that never turns back visits no node of a forest twice, so the walks of that many steps
    are the pairs, each once.

    Args:
        heads: one end of each arc. *Shape:* [A]
        dependents: the other end. *Shape:* [A]
        num_nodes: N.
        hops: at least 1.

    Returns:
        Both nodes of each pair, ordered by the first. *Shape:* [P] each
    """
    here, there = np.concatenate([heads, dependents]), np.concatenate([dependents, heads])
    order = np.argsort(here, kind="stable")
    here, there = here[order], there[order]
    degrees = np.bincount(here, minlength=num_nodes)
    starts = np.cumsum(degrees) - degrees  # first step from each node
    first, before, last = here, here, there
    for _ in range(hops - 1):
        choices = degrees[last]
        walk = np.repeat(np.arange(len(last)), choices)
        step = np.arange(len(walk)) - (np.cumsum(choices) - choices)[walk]
        onward = there[starts[last][walk] + step]
        ahead = onward != before[walk]
        walk = walk[ahead]
        first, before, last = first[walk], last[walk], onward[ahead]
    return first, last


def batch_heads(heads: Sequence[Sequence[int]], offsets: IntArray) -> IntArray:
    """Heads counted within each sentence, turned into rows of the batch; ROOT stays ROOT."""
    flat = np.fromiter((head for row in heads for head in row), np.int64, count=int(offsets[-1]))
    shift = np.repeat(offsets[:-1], np.diff(offsets))
    return np.where(flat == ROOT, ROOT, flat + shift)
