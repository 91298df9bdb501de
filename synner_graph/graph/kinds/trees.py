"""Edges along the dependency tree, beyond single arcs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import ROOT

IntArray = NDArray[np.int64]


def tokens_apart(
    heads: IntArray, dependents: IntArray, num_nodes: int, hops: int
) -> tuple[IntArray, IntArray]:
    """All ordered pairs of nodes that are `hops` arcs apart in a forest.

    A walk that never turns back visits no node of a forest twice, so the walks of that many steps
    are the pairs, each once.

    Args:
        heads: One end of each arc. *Shape:* [A]
        dependents: The other end. *Shape:* [A]
        num_nodes: N.
        hops: At least 1.

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
        if not len(last):  # no walk is that long
            break
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
