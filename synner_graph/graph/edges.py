"""Which edges a sentence graph has, and how their relation types are numbered.

Every edge kind owns a block of relation ids, so a typed layer tells `nsubj` read from head to
dependent from `nsubj` read from dependent to head.
"""

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
EDGE_KINDS = (HEAD_DEPENDENT, DEPENDENT_HEAD, SELF)


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
            if kind not in EDGE_KINDS:
                raise InputError(f"Unknown edge kind {kind!r}.{suggest(kind, EDGE_KINDS)}")
        if len(set(self.kinds)) != len(self.kinds):
            raise InputError(f"An edge kind is named twice in {', '.join(self.kinds)}.")

    @property
    def needs_trees(self) -> bool:
        """Whether sentences must come with heads and relations."""
        return HEAD_DEPENDENT in self.kinds or DEPENDENT_HEAD in self.kinds

    @property
    def relation_types(self) -> tuple[str, ...]:
        """Name of every relation type, by id: `nsubj`, `nsubj (dependent-head)`, `self`."""
        names: list[str] = []
        for kind in self.kinds:
            if kind == SELF:
                names.append(SELF)
            elif kind == HEAD_DEPENDENT:
                names.extend(self.relations)
            else:
                names.extend(f"{relation} ({kind})" for relation in self.relations)
        return tuple(names)

    def edges(
        self, heads: IntArray, relations: IntArray
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """All edges of a batch, kind after kind.

        Args:
            heads: row of each token's head in the batch, or ROOT. *Shape:* [N]
            relations: relation id of each token's arc. *Shape:* [N]

        Returns:
            src, dst, relation type and direction (index into `kinds`). *Shape:* [E] each
        """
        nodes = np.arange(len(heads), dtype=np.int64)
        dependents = nodes[heads != ROOT] if self.needs_trees else nodes[:0]
        parts: list[tuple[IntArray, IntArray, IntArray]] = []
        first = 0
        for kind in self.kinds:
            if kind == SELF:
                parts.append((nodes, nodes, np.full(len(nodes), first, dtype=np.int64)))
                first += 1
                continue
            ends = heads[dependents], dependents
            src, dst = ends if kind == HEAD_DEPENDENT else ends[::-1]
            parts.append((src, dst, relations[dependents] + first))
            first += len(self.relations)
        direction = np.repeat(np.arange(len(parts), dtype=np.int64), [len(p[0]) for p in parts])
        if not parts:
            return nodes[:0], nodes[:0], nodes[:0], direction
        src, dst, relation = (np.concatenate(column) for column in zip(*parts, strict=True))
        return src, dst, relation, direction


def batch_heads(heads: Sequence[Sequence[int]], offsets: IntArray) -> IntArray:
    """Heads counted within each sentence, turned into rows of the batch; ROOT stays ROOT."""
    flat = np.fromiter((head for row in heads for head in row), np.int64, count=int(offsets[-1]))
    shift = np.repeat(offsets[:-1], np.diff(offsets))
    return np.where(flat == ROOT, ROOT, flat + shift)
