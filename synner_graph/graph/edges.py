"""Choose the edges of sentence graphs, and number their relation types.

Every edge kind owns a block of relation ids, so a typed layer tells `nsubj` read from head to
dependent from `nsubj` read from dependent to head.
"""

import re
from dataclasses import dataclass

import numpy as np

from synner_graph.data.sentence import ROOT
from synner_graph.errors import InputError, suggest
from synner_graph.graph.kinds.documents import (
    SAME_FORM_TYPES,
    DocumentContext,
    same_form,
    sentence_neighbors,
)
from synner_graph.graph.kinds.gazetteer import gazetteer_edges, gazetteer_types
from synner_graph.graph.kinds.trees import IntArray, batch_heads, tokens_apart

__all__ = ["EDGE_KINDS", "DocumentContext", "EdgeInventory", "batch_heads"]

HEAD_DEPENDENT = "head-dependent"
DEPENDENT_HEAD = "dependent-head"
SELF = "self"
NEXT_TOKEN = "next-token"
PREVIOUS_TOKEN = "previous-token"
NEXT_SENTENCE = "next-sentence"
PREVIOUS_SENTENCE = "previous-sentence"
SAME_FORM = "same-form"
GAZETTEER = "gazetteer"

ARC_KINDS = (HEAD_DEPENDENT, DEPENDENT_HEAD)
"""The kinds that are arcs of a tree, one for each direction."""

EDGE_KINDS = (HEAD_DEPENDENT, DEPENDENT_HEAD, SELF)
"""The kinds of a graph for which no others are asked."""

DOCUMENT_KINDS = (NEXT_SENTENCE, PREVIOUS_SENTENCE, SAME_FORM, GAZETTEER)
"""The kinds that join the sentences of a document, directly or through an entry that both name."""

GATED_KINDS = DOCUMENT_KINDS
"""The kinds whose messages a GNN learns to weaken: see `gnn.gate`."""

NAMED_KINDS = (*EDGE_KINDS, NEXT_TOKEN, PREVIOUS_TOKEN, *DOCUMENT_KINDS)
"""All kinds but `2-hop`, `3-hop` and so on, which join tokens two, three and so on arcs apart."""

TREELESS_KINDS = frozenset({SELF, NEXT_TOKEN, PREVIOUS_TOKEN, SAME_FORM, GAZETTEER})

HOPS = re.compile(r"([2-9]|[1-9][0-9]{1,5})-hop")


@dataclass(frozen=True)
class EdgeInventory:
    """The edge kinds in use and the relation types that follow from them.

    Attributes:
        kinds: Edge kinds in the order of their relation blocks; empty when no graph is wanted.
        relations: Names of the dependency relations, indexed by relation id.
        entry_types: Types of the gazetteer's entries.

    Raises:
        InputError: For an unknown kind or one named twice.
    """

    kinds: tuple[str, ...]
    relations: tuple[str, ...]
    entry_types: tuple[str, ...] = ()

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
        return not set(self.kinds) <= TREELESS_KINDS

    @property
    def reads_relations(self) -> bool:
        """Whether relation types tell one dependency relation from another."""
        return bool(set(ARC_KINDS) & set(self.kinds))

    @property
    def reads_documents(self) -> bool:
        """Whether edges join the sentences of a document."""
        return bool(set(self.kinds) & set(DOCUMENT_KINDS))

    @property
    def relation_types(self) -> tuple[str, ...]:
        """Name of every relation type, by id: `nsubj`, `nsubj (dependent-head)`, `self`."""
        return tuple(name for kind in self.kinds for name in self.types_of(kind))

    @property
    def relation_keys(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of every relation type, by id; no two are equal."""
        return tuple((kind, name) for kind in self.kinds for name in self.types_of(kind))

    def types_of(self, kind: str) -> tuple[str, ...]:
        """Names of the relation types of a kind, in the order of its block."""
        if kind == HEAD_DEPENDENT:
            return self.relations
        if kind == DEPENDENT_HEAD:
            return tuple(f"{relation} ({kind})" for relation in self.relations)
        if kind == GAZETTEER:
            return gazetteer_types(self.entry_types)
        return SAME_FORM_TYPES if kind == SAME_FORM else (kind,)

    def first_relation(self, kind: str) -> int:
        """The first relation id of a kind's block."""
        before = self.kinds[: self.kinds.index(kind)]
        return sum(len(self.types_of(other)) for other in before)

    def edges(
        self,
        heads: IntArray,
        relations: IntArray,
        offsets: IntArray,
        context: DocumentContext = DocumentContext(),  # noqa: B008 - it is immutable
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """All edges of a batch, kind after kind.

        Args:
            heads: Row of each token's head in the batch, or ROOT. *Shape:* [N]
            relations: Relation id of each token's arc. *Shape:* [N]
            offsets: First row of each sentence, then N. *Shape:* [B + 1]
            context: What edges read beside the trees.

        Returns:
            `src`, `dst`, relation type and direction (index into `kinds`). *Shape:* [E] each
        """
        nodes = np.arange(len(heads), dtype=np.int64)
        dependents = nodes[heads != ROOT] if self.needs_trees else nodes[:0]
        arcs = heads[dependents], dependents
        parts: list[tuple[IntArray, IntArray, IntArray]] = []
        first = 0
        for kind in self.kinds:
            types = np.zeros(1, dtype=np.int64)
            if kind in ARC_KINDS:
                src, dst = arcs
                types = relations[dependents]
            elif kind == SAME_FORM:
                src, dst, types = same_form(context.forms, offsets, context.documents)
            elif kind == GAZETTEER:
                src, dst, types = gazetteer_edges(
                    context.mentions, len(nodes), len(self.entry_types)
                )
            elif kind == SELF:
                src = dst = nodes
                if context.mentions is not None:  # entry nodes stand behind the tokens
                    src = dst = np.arange(len(nodes) + len(context.mentions.types))
            elif hops := HOPS.fullmatch(kind):
                src, dst = tokens_apart(*arcs, len(nodes), int(hops[1]))
            elif kind in (NEXT_SENTENCE, PREVIOUS_SENTENCE):
                src, dst = sentence_neighbors(heads, offsets, context.documents)
            else:
                src = np.delete(nodes, offsets[1:][np.diff(offsets) > 0] - 1)  # all but the last
                dst = src + 1
            if kind in (DEPENDENT_HEAD, PREVIOUS_TOKEN, PREVIOUS_SENTENCE):
                src, dst = dst, src
            parts.append((src, dst, np.broadcast_to(types + first, src.shape)))
            first += len(self.types_of(kind))
        direction = np.repeat(np.arange(len(parts), dtype=np.int64), [len(p[0]) for p in parts])
        if not parts:
            return nodes[:0], nodes[:0], nodes[:0], direction
        src, dst, relation = (np.concatenate(column) for column in zip(*parts, strict=True))
        return src, dst, relation, direction
