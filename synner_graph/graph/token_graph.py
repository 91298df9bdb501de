"""TokenGraph: a batch of sentences as one graph. The graph is the batch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.data.sentence import Sentence
from synner_graph.display import to_html
from synner_graph.graph.arcs import Arcs
from synner_graph.graph.edges import (
    DEPENDENT_HEAD,
    GAZETTEER,
    HEAD_DEPENDENT,
    DocumentContext,
    EdgeInventory,
    batch_heads,
)

if TYPE_CHECKING:
    from synner_graph.graph.dgl_graph import DGLGraph


@dataclass(frozen=True, eq=False)
class TokenGraph:
    """Tokens of B sentences as N nodes, and their E typed, directed edges.

    Sentence `b` owns the rows `offsets[b]:offsets[b + 1]` of every node tensor; there is no
    padding. Where a gazetteer is read, M entries stand behind the tokens as nodes N to N + M - 1:
    GNN layers see N + M nodes, and nothing else of a model sees more than N. Edges come kind after
    kind, in the order of `inventory.kinds`.

    Attributes:
        src: Node each edge leaves. *Shape:* [E]
        dst: Node each edge enters. *Shape:* [E]
        relation: Relation type of each edge, an id of `inventory.relation_types`. *Shape:* [E]
        direction: Kind of each edge, an index into `inventory.kinds`. *Shape:* [E]
        offsets: First row of each sentence, then N. Always on the CPU: it steers loops.
            *Shape:* [B + 1]
        inventory: Edge kinds and relation names behind the ids.
        entries: Type of each entry node, an index into `inventory.entry_types`; None where no
            gazetteer is read. *Shape:* [M]
        entry_names: Phrase of each entry node.
        weight: Optional strength of each edge, by which GNN layers scale its message.
            *Shape:* [E]
    """

    src: Tensor
    dst: Tensor
    relation: Tensor
    direction: Tensor
    offsets: Tensor
    inventory: EdgeInventory
    weight: Tensor | None = None
    entries: Tensor | None = None
    entry_names: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        lengths: Sequence[int],
        inventory: EdgeInventory,
        heads: Sequence[Sequence[int]] = (),
        relations: Sequence[Sequence[int]] = (),
        context: DocumentContext = DocumentContext(),  # noqa: B008 - it is immutable
    ) -> "TokenGraph":
        """Build the graph of a batch in one array pass.

        Args:
            lengths: Tokens of each sentence.
            inventory: Edge kinds wanted and the relation names behind the ids.
            heads: Head of every token, counted within its sentence, ROOT (-1) for roots; needed
                where the inventory needs trees.
            relations: Relation id of every token's arc, as ragged as `heads`.
            context: Documents and forms, for the kinds that join sentences.
        """
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        total = int(offsets[-1])
        if inventory.needs_trees:
            rows = batch_heads(heads, offsets)
            ids = np.fromiter((i for row in relations for i in row), np.int64, count=total)
        else:
            rows = ids = np.zeros(total, dtype=np.int64)
        arrays = inventory.edges(rows, ids, offsets, context)
        src, dst, relation, direction = (torch.from_numpy(array) for array in arrays)
        graph = cls(src, dst, relation, direction, torch.from_numpy(offsets), inventory)
        if GAZETTEER not in inventory.kinds:
            return graph
        mentions = context.mentions
        types = np.zeros(0, dtype=np.int64) if mentions is None else mentions.types
        names = () if mentions is None else mentions.names
        return replace(graph, entries=torch.from_numpy(types), entry_names=names)

    @property
    def num_tokens(self) -> int:
        """N, the tokens of all sentences."""
        return int(self.offsets[-1])

    @property
    def num_entries(self) -> int:
        """M, the entry nodes behind the tokens."""
        return 0 if self.entries is None else self.entries.shape[0]

    @property
    def num_nodes(self) -> int:
        """N + M, what GNN layers see: the tokens and the entries."""
        return self.num_tokens + self.num_entries

    @property
    def num_edges(self) -> int:
        """E."""
        return self.src.shape[0]

    @property
    def num_sentences(self) -> int:
        """B."""
        return self.offsets.shape[0] - 1

    @property
    def lengths(self) -> Tensor:
        """Tokens of each sentence. *Shape:* [B]"""
        return self.offsets.diff()

    @property
    def device(self) -> torch.device:
        """Where the edges live."""
        return self.src.device

    @cached_property
    def in_degrees(self) -> Tensor:
        """Incoming edges of every node. *Shape:* [N + M]"""
        return torch.bincount(self.dst, minlength=self.num_nodes)

    @cached_property
    def out_degrees(self) -> Tensor:
        """Outgoing edges of every node. *Shape:* [N + M]"""
        return torch.bincount(self.src, minlength=self.num_nodes)

    @cached_property
    def kind_sizes(self) -> list[int]:
        """Edges of each kind, in the order of `inventory.kinds`."""
        assert bool((self.direction.diff() >= 0).all()), "edges must come kind after kind"
        return torch.bincount(self.direction, minlength=len(self.inventory.kinds)).tolist()

    @cached_property
    def by_kind(self) -> tuple["TokenGraph", ...]:
        """Return a graph for each edge kind: the same nodes with the edges of that kind."""
        names = ("src", "dst", "relation", "direction", "weight")
        columns = {
            name: tensor.split(self.kind_sizes)
            for name in names
            if (tensor := getattr(self, name)) is not None
        }
        rows = zip(*columns.values(), strict=True)
        return tuple(replace(self, **dict(zip(columns, row, strict=True))) for row in rows)

    @cached_property
    def relation_counts(self) -> Tensor:
        """Count, for each edge, those of its type into the same node. *Shape:* [E]"""
        pairs = self.dst * len(self.inventory.relation_types) + self.relation
        group, counts = torch.unique(pairs, return_inverse=True, return_counts=True)[1:]
        found: Tensor = counts[group]
        return found

    @cached_property
    def position(self) -> Tensor:
        """Place of every token in its sentence. *Shape:* [N]"""
        starts = self.offsets[:-1].to(self.device)
        nodes = torch.arange(self.num_tokens, device=self.device)
        return nodes - starts[self.sentence_index]

    @cached_property
    def heads(self) -> Tensor:
        """Head of every token, a root's the root, read off head-dependent edges. *Shape:* [N]"""
        arcs = self.by_kind[self.inventory.kinds.index(HEAD_DEPENDENT)]
        return torch.arange(self.num_tokens, device=self.device).index_copy(0, arcs.dst, arcs.src)

    @cached_property
    def head_relations(self) -> Tensor:
        """Relation id of every token to its head, -1 for roots, read off the same. *Shape:* [N]"""
        arcs = self.by_kind[self.inventory.kinds.index(HEAD_DEPENDENT)]
        ids = arcs.relation - self.inventory.first_relation(HEAD_DEPENDENT)
        return ids.new_full((self.num_tokens,), -1).index_copy(0, arcs.dst, ids)

    @cached_property
    def distance(self) -> Tensor:
        """Tokens from the end of each edge to its start, negative to the left. *Shape:* [E]

        Between sentences of a document it is counted through those that stand between them. To and
        from an entry it is 0.
        """
        starts = self.offsets[:-1].to(self.device)[self.sentence_index]
        place = F.pad(self.position + starts, (0, self.num_entries))
        far = (self.src < self.num_tokens) & (self.dst < self.num_tokens)
        return (place[self.src] - place[self.dst]) * far

    @cached_property
    def sentence_index(self) -> Tensor:
        """Sentence of every token. *Shape:* [N]"""
        index = torch.arange(self.num_sentences).repeat_interleave(self.lengths)
        return index.to(self.device)

    @cached_property
    def structure(self) -> "DGLGraph":
        """The bare DGLGraph of the edges, built once and kept: what the dgl backend runs on."""
        from synner_graph.graph.dgl_graph import dgl_graph  # slow, and not installed everywhere

        return dgl_graph(self.src, self.dst, self.num_nodes)

    def scaled(self, strength: Tensor) -> "TokenGraph":
        """Return the graph with each edge's weight multiplied by `strength`. *Shape:* [E]"""
        return replace(self, weight=strength if self.weight is None else self.weight * strength)

    def with_arcs(self, arcs: Arcs) -> "TokenGraph":
        """Exchange the arcs for others, whose weights are those of their edges.

        Edges of the kinds head-dependent and dependent-head are exchanged; all others stay, each
        with the weight it had, or 1.

        Args:
            arcs: Relations are ids of `inventory.relations`.
        """
        rows: list[tuple[Tensor, ...]] = []
        for number, (kind, part) in enumerate(zip(self.inventory.kinds, self.by_kind, strict=True)):
            ends = {HEAD_DEPENDENT: (arcs.heads, arcs.dependents)}
            ends[DEPENDENT_HEAD] = (arcs.dependents, arcs.heads)
            if kind in ends:
                src, dst = ends[kind]
                relation, weight = arcs.relations + self.inventory.first_relation(kind), arcs.weight
            else:
                src, dst, relation = part.src, part.dst, part.relation
                weight = arcs.weight.new_ones(len(src)) if part.weight is None else part.weight
            rows.append((src, dst, relation, torch.full_like(src, number), weight))
        src, dst, relation, direction, weight = map(torch.cat, zip(*rows, strict=True))
        return replace(
            self, src=src, dst=dst, relation=relation, direction=direction, weight=weight
        )

    def to(self, device: torch.device | str) -> "TokenGraph":
        """Return the graph with its edges on another device."""
        moved = {
            name: tensor.to(device)
            for name in ("src", "dst", "relation", "direction", "weight", "entries")
            if (tensor := getattr(self, name)) is not None
        }
        return replace(self, **moved)

    def to_dgl(self) -> "DGLGraph":
        """A DGLGraph to work with.

        `ndata` holds `token` (position in its sentence), `sentence` and, where the graph has entry
        nodes, `entry` (its type); each is -1 for a node that has none. `edata` holds `relation`,
        `direction` and, where the graph has one, `weight`. Edge ids are those of this graph.

        Raises:
            InputError: If DGL is not installed.
        """
        graph = self.structure.local_var()
        graph.ndata["token"] = F.pad(self.position, (0, self.num_entries), value=-1)
        graph.ndata["sentence"] = F.pad(self.sentence_index, (0, self.num_entries), value=-1)
        if self.entries is not None:
            graph.ndata["entry"] = F.pad(self.entries, (self.num_tokens, 0), value=-1)
        graph.edata["relation"] = self.relation
        graph.edata["direction"] = self.direction
        if self.weight is not None:
            graph.edata["weight"] = self.weight
        return graph

    def to_networkx(self, sentences: Sequence[Sentence] | None = None) -> "nx.MultiDiGraph[int]":
        """A networkx view with plain Python attributes.

        Nodes carry `sentence` and `position`; where the sentences behind the graph are given, also
        `token` and, inside an entity, `entity`: its label, or the labels of nested ones from the
        outermost to the innermost, joined by `|`. Entry nodes carry `entry`, their phrase, and
        `type` in place of all that. Edges carry `relation` (its name), `direction`
        (its kind) and, where the graph has one, `weight`.
        """
        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
        node = 0
        for number, length in enumerate(self.lengths.tolist()):
            for position in range(length):
                attributes: dict[str, Any] = {"sentence": number, "position": position}
                if sentences is not None:
                    attributes["token"] = sentences[number].tokens[position]
                    if labels := _labels_at(sentences[number], position):
                        attributes["entity"] = "|".join(labels)
                graph.add_node(node, **attributes)
                node += 1
        types = [] if self.entries is None else self.entries.tolist()
        for name, kind in zip(self.entry_names, types, strict=True):
            graph.add_node(node, entry=name, type=self.inventory.entry_types[kind])
            node += 1
        names, kinds = self.inventory.relation_types, self.inventory.kinds
        weights = [None] * self.num_edges if self.weight is None else self.weight.tolist()
        columns = (self.src, self.dst, self.relation, self.direction)
        for *edge, weight in zip(*(column.tolist() for column in columns), weights, strict=True):
            src, dst, relation, direction = edge
            extra = {} if weight is None else {"weight": weight}
            graph.add_edge(src, dst, relation=names[relation], direction=kinds[direction], **extra)
        return graph

    def _repr_html_(self) -> str:
        return to_html(self)


def _labels_at(sentence: Sentence, position: int) -> list[str]:
    """The labels of the entities around a token, the widest first."""
    around = [entity for entity in sentence.entities if entity.start <= position < entity.end]
    return [entity.label for entity in sorted(around, key=lambda e: (e.start - e.end, e))]
