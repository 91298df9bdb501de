"""Edges between tokens and the entries of dictionaries that they spell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synner_graph.data.gazetteer import Gazetteer, Match
from synner_graph.graph.kinds.trees import IntArray

POSITIONS = ("begin", "inside", "end", "single")
"""Where a token stands in a match."""

WAYS = ("to entry", "from entry")
"""Which way an edge runs."""


@dataclass(frozen=True, eq=False)
class Mentions:
    """Which tokens of a batch spell which entries.

    An entry is one node for each document that it is found in, so that its mentions meet there.

    Attributes:
        tokens: Row of each token that is part of a match. *Shape:* [P]
        nodes: Number of the entry node that it is matched with, from 0. *Shape:* [P]
        positions: Its place in the match, an index into POSITIONS. *Shape:* [P]
        types: Type of each entry node. *Shape:* [M]
        names: Phrase of each entry node.
    """

    tokens: IntArray
    nodes: IntArray
    positions: IntArray
    types: IntArray
    names: tuple[str, ...]

    @classmethod
    def collect(
        cls,
        found: Sequence[Sequence[Match]],
        gazetteer: Gazetteer,
        lengths: Sequence[int],
        documents: IntArray,
    ) -> "Mentions":
        """Make nodes of matches.

        Args:
            found: Matches of each sentence.
            gazetteer: Whose entries they are of.
            lengths: Tokens of each sentence.
            documents: Number of each sentence's document. *Shape:* [B]
        """
        numbers: dict[tuple[int, int], int] = {}  # of a document and an entry
        rows: list[tuple[int, int, int]] = []
        first = 0
        for matches, length, document in zip(found, lengths, documents.tolist(), strict=True):
            for match in matches:
                node = numbers.setdefault((document, match.entry), len(numbers))
                inside = enumerate(positions(match.end - match.start), first + match.start)
                rows += [(token, node, place) for token, place in inside]
            first += length
        tokens, nodes, places = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        entries = [entry for _, entry in numbers]
        return cls(
            tokens,
            nodes,
            places,
            np.array([gazetteer.type_ids[entry] for entry in entries], dtype=np.int64),
            tuple(gazetteer.entries[entry].phrase for entry in entries),
        )


def positions(width: int) -> list[int]:
    """The place of each token in a match, as indices into POSITIONS."""
    return [3] if width == 1 else [0, *[1] * (width - 2), 2]


def gazetteer_types(entry_types: Sequence[str]) -> tuple[str, ...]:
    """Relation types: every way, type and position."""
    return tuple(
        f"gazetteer {entry} {position} {way}"
        for way in WAYS
        for entry in entry_types
        for position in POSITIONS
    )


def gazetteer_edges(
    mentions: Mentions | None, num_tokens: int, num_types: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Edges from tokens to entry nodes and back.

    Args:
        mentions: What is joined; None: nothing is.
        num_tokens: N, the row of the first entry node.
        num_types: Types of entries.

    Returns:
        `src`, `dst` and index into `gazetteer_types`. *Shape:* [2P] each
    """
    if mentions is None:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    nodes = num_tokens + mentions.nodes
    kind = mentions.types[mentions.nodes] * len(POSITIONS) + mentions.positions
    return (
        np.concatenate([mentions.tokens, nodes]),
        np.concatenate([nodes, mentions.tokens]),
        np.concatenate([kind, kind + num_types * len(POSITIONS)]),
    )
