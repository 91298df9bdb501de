"""What tests of GNN layers share: small graphs, layers with random weights, loops over nodes."""

import random
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import Gazetteer, Match
from synner_graph.gnn import KIND, GraphLayer, layer_class
from synner_graph.graph.backends import GraphBackend, graph_backend
from synner_graph.graph.edges import (
    EDGE_KINDS,
    NAMED_KINDS,
    DocumentContext,
    EdgeInventory,
)
from synner_graph.graph.kinds.gazetteer import Mentions
from synner_graph.graph.token_graph import TokenGraph
from tests.fixtures import random_heads

needs_dgl = pytest.mark.skipif(find_spec("dgl") is None, reason="DGL is not installed")
BACKENDS = ["torch", pytest.param("dgl", marks=needs_dgl)]
LENGTHS = [4, 1, 7]
RELATIONS = ("<unknown>", "nsubj", "obj")
INPUT, OUTPUT = 6, 4
ENTRIES = Gazetteer([Entry("x", "PER", "list"), Entry("y", "LOC", "list")])
ALL_KINDS = (*NAMED_KINDS, "2-hop")
NodeEquation = Callable[[Any, TokenGraph, Tensor, int], Tensor]


def inventory(kinds: tuple[str, ...] = EDGE_KINDS) -> EdgeInventory:
    return EdgeInventory(kinds, RELATIONS, ENTRIES.types)


def trees(lengths: list[int] = LENGTHS, kinds: tuple[str, ...] = EDGE_KINDS) -> TokenGraph:
    """Random trees with random relations, the same at every call."""
    draw = random.Random(5)
    heads = [random_heads(draw, length) for length in lengths]
    relations = [[draw.randrange(len(RELATIONS)) for _ in range(length)] for length in lengths]
    return TokenGraph.build(lengths, inventory(kinds), heads, relations)


def document(
    rows: slice = slice(None),
    kinds: tuple[str, ...] = ALL_KINDS,
) -> TokenGraph:
    """Random trees of three documents, with every kind of edge and with entry nodes.

    Args:
        rows: the sentences to take; documents are 0 to 2, 3, and 4 to 5.
        kinds: edge kinds.
    """
    draw = random.Random(7)
    lengths = [4, 1, 7, 2, 5, 3]
    documents = np.array([0, 0, 0, 1, 2, 2])
    heads = [random_heads(draw, length) for length in lengths]
    relations = [[draw.randrange(len(RELATIONS)) for _ in range(length)] for length in lengths]
    forms = [[draw.choice([-1, 0, 1]) for _ in range(length)] for length in lengths]
    matches = [[Match(0, 1, 0), Match(0, length, 1)] for length in lengths]
    context = DocumentContext(
        documents[rows],
        np.array([form for row in forms[rows] for form in row]),
        Mentions.collect(matches[rows], ENTRIES, lengths[rows], documents[rows]),
    )
    return TokenGraph.build(lengths[rows], inventory(kinds), heads[rows], relations[rows], context)


def build(
    name: str,
    backend: GraphBackend | str = "torch",
    kinds: tuple[str, ...] = EDGE_KINDS,
    sizes: tuple[int, int] = (INPUT, OUTPUT),
    **options: Any,
) -> GraphLayer:
    """A layer with every parameter random: what starts at zero could hide a mistake."""
    if isinstance(backend, str):
        backend = graph_backend(backend)
    layer = layer_class(name)(*sizes, inventory(kinds), backend, **KIND.options(name, options))
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.5)
    return layer


def incoming(graph: TokenGraph, node: int) -> list[int]:
    """The edges into a node."""
    return [edge for edge in range(graph.num_edges) if graph.dst[edge] == node]


def check_equation(
    name: str,
    backend: str,
    equation: NodeEquation,
    kinds: tuple[str, ...] = EDGE_KINDS,
    sizes: tuple[int, int] = (INPUT, OUTPUT),
    **options: Any,
) -> None:
    """The layer gives what its equation, computed node by node, does."""
    graph, layer = trees(kinds=kinds), build(name, backend, kinds, sizes, **options)
    x = torch.randn(graph.num_nodes, sizes[0])
    expected = [equation(layer, graph, x, node) for node in range(graph.num_nodes)]
    torch.testing.assert_close(layer(graph, x), torch.stack(expected))
