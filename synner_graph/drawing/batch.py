"""A batched graph as a scene: one row of nodes, sentence after sentence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import networkx as nx

from synner_graph.drawing import layout
from synner_graph.drawing.colours import PALETTE, tones_of
from synner_graph.drawing.edges import Edge, arrowhead_size, edges_of, key, stroke_of
from synner_graph.drawing.scene import (
    Box,
    Fill,
    Group,
    Label,
    Scene,
    Shape,
    Stroke,
    arrowhead,
    bracket,
    circle,
    shortened,
)
from synner_graph.drawing.text import text_width, visible
from synner_graph.graph.edges import DEPENDENT_HEAD, SELF

MARGIN = 14.0
RADIUS = 12.0
LEVEL = 13.0
SMALL = 11.0
WORD = 13.0
SEPARATION = 26.0
OTHER = "other relations"


def graph_scene(graph: "nx.MultiDiGraph[int]") -> Scene:
    """Draw all nodes in a row, each sentence in its box, edges coloured by relation.

    Entries of a gazetteer stand behind the sentences, in a box of their own.

    Edges from heads to dependents run above, all others below; a self edge is a ring around its
    node. Nodes are numbered by their row in every node tensor.

    Args:
        graph: As `TokenGraph.to_networkx` makes it.
    """
    nodes: dict[int, dict[str, Any]] = {node: graph.nodes[node] for node in graph}
    row_of = {node: row for row, node in enumerate(nodes)}
    edges = [
        replace(edge, source=row_of[edge.source], target=row_of[edge.target])
        for edge in edges_of(graph)
    ]
    tones = _relation_tones(edges)
    rings = {edge.target: edge for edge in edges if edge.source == edge.target}
    below = [edge for edge in edges if edge.is_arc and edge.direction == DEPENDENT_HEAD]
    above = [edge for edge in edges if edge.is_arc and edge.direction != DEPENDENT_HEAD]
    words = [visible(str(data.get("token", data.get("entry", "")))) for data in nodes.values()]

    sides = [_side(arcs) for arcs in (above, below)]
    widths = [max(2 * RADIUS + 6, text_width(word, WORD)) for word in words]
    for _, counts, _ in sides:
        for row, count in enumerate(counts):
            widths[row] = max(widths[row], count * layout.SLOT)
    owners = [data.get("sentence") for data in nodes.values()]  # None: of an entry
    sentences = [list(rows) for _, rows in groupby(range(len(nodes)), key=owners.__getitem__)]
    captions = [
        _caption("entries" if owners[rows[0]] is None else f"sentence {number}", rows)
        for number, rows in enumerate(sentences)
    ]
    middles = [MARGIN + SEPARATION / 2 + x for x in _middles(widths, sentences, captions)]

    tops = [max(level, default=-1) + 1 for _, _, level in sides]
    box_top = MARGIN + 18
    centre = box_top + 20 + tops[0] * LEVEL + RADIUS
    under = centre + RADIUS + (WORD * 1.5 + 5 if any(words) else 4)
    bottom = under + tops[1] * LEVEL + 16

    groups = [
        _boundary(
            "entries" if owners[rows[0]] is None else "sentence",
            *(rows, caption, middles, widths, box_top, bottom),
        )
        for rows, caption in zip(sentences, captions, strict=True)
    ]
    for arcs, side, base, up in (
        (above, sides[0], centre - RADIUS - 5, True),
        (below, sides[1], under + 2, False),
    ):
        feet, counts, level = side
        for edge, places, height in zip(arcs, feet, level, strict=True):
            left, right = (
                middles[column] + layout.offset(place, counts[column])
                for column, place in zip(edge.span, places, strict=True)
            )
            ends = (left, right) if edge.source < edge.target else (right, left)
            groups.append(_arc(edge, ends, base, (height + 1) * LEVEL, up, tones))
    entities = tones_of(data["entity"] for data in nodes.values() if "entity" in data)
    for row, (node, data) in enumerate(nodes.items()):
        if row in rings:
            groups.append(_ring(rings[row], middles[row], centre, tones))
        groups.append(_node(row, node, data, middles[row], centre, words[row], entities))
    entries = [(tone, name) for name, tone in tones.items()]
    if any(edge.weight is not None for edge in edges):
        entries = [("positive", "positive weight"), ("negative", "negative weight")]
    made, end = key(entries, MARGIN, bottom + 12)
    groups += made
    if entities:
        made, end = key([(tone, f"entity {name}") for name, tone in entities.items()], MARGIN, end)
        groups += made
    keys = [s for g in groups if g.kind == "key" for s in g.shapes if isinstance(s, Label)]
    end_of_nodes = middles[-1] + widths[-1] / 2 + SEPARATION / 2 if nodes else 0.0
    width = max(
        [end_of_nodes + MARGIN]
        + [label.x + text_width(label.text, SMALL) + MARGIN for label in keys]
    )
    entry_nodes = owners.count(None)
    number = len(sentences) - bool(entry_nodes)
    and_entries = f" and {entry_nodes} entries" if entry_nodes else ""
    tokens = len(nodes) - entry_nodes
    caption = f"{tokens} tokens of {number} sentences{and_entries} as one graph, {len(edges)} edges"
    return Scene(width, end + MARGIN / 2, tuple(groups), caption)


def _side(arcs: Sequence[Edge]) -> tuple[list[layout.Span], list[int], list[int]]:
    """Return feet, places by column and levels of the arcs on one side of the nodes."""
    level = layout.levels([edge.span for edge in arcs])
    feet, counts, _ = layout.slots([edge.span for edge in arcs], level)
    return feet, counts, level


def _middles(
    widths: Sequence[float], sentences: Sequence[Sequence[int]], captions: Sequence[str]
) -> list[float]:
    """Return the middle of every node; sentences stand apart and have room for captions."""
    shifts: list[float] = []
    shift = 0.0
    for rows, caption in zip(sentences, captions, strict=True):
        needed = text_width(caption, SMALL) + 8
        has = sum(widths[row] for row in rows) + layout.GAP * (len(rows) - 1)
        lack = max(0.0, needed - has)
        shifts += [shift + lack / 2] * len(rows)
        shift += lack + SEPARATION
    middles = layout.centres(widths, [])
    return [x + extra for x, extra in zip(middles, shifts, strict=True)]


def _caption(name: str, rows: Sequence[int]) -> str:
    return f"{name}: rows {rows[0]}\N{EN DASH}{rows[-1]}"


def _relation_tones(edges: Sequence[Edge]) -> dict[str, str]:
    """Choose a tone for each relation; if colours do not suffice, the rarest share one."""
    counts = Counter(edge.relation for edge in edges if edge.direction != SELF)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    tones = tones_of(ranked[: len(PALETTE)])
    if len(ranked) > len(PALETTE):
        tones[OTHER] = "line"
    if any(edge.direction == SELF for edge in edges):
        tones[SELF] = "faint"
    return tones


def _look(edge: Edge, tones: dict[str, str]) -> Stroke:
    if edge.weight is not None:
        return stroke_of(edge)
    name = SELF if edge.direction == SELF else edge.relation
    return Stroke((), tones.get(name, "line"), 1.6)


def _boundary(
    kind: str,
    rows: Sequence[int],
    caption: str,
    middles: Sequence[float],
    widths: Sequence[float],
    top: float,
    bottom: float,
) -> Group:
    inner = text_width(caption, SMALL) / 2 + 4
    middle = (middles[rows[0]] - widths[rows[0]] / 2 + middles[rows[-1]] + widths[rows[-1]] / 2) / 2
    left = min(middles[rows[0]] - widths[rows[0]] / 2, middle - inner) - 8
    right = max(middles[rows[-1]] + widths[rows[-1]] / 2, middle + inner) + 8
    box = Box(left, top, right - left, bottom - top, "faint", radius=10, tint=0.1)
    label = Label(middle, top - 6, caption, SMALL, "line")
    return Group(kind, (box, label), {"first": rows[0], "last": rows[-1]})


def _arc(
    edge: Edge,
    ends: tuple[float, float],
    base: float,
    height: float,
    up: bool,
    tones: dict[str, str],
) -> Group:
    look = _look(edge, tones)
    start, end = ends
    path = bracket(start, end, base, height if up else -height)
    size = arrowhead_size(look)
    tip = arrowhead((end, base), size, down=up)
    shapes = (replace(look, path=shortened(path, size)), Fill(tip, look.tone, look.opacity))
    return Group("arc", shapes, edge.data(), edge.title)


def _ring(edge: Edge, x: float, y: float, tones: dict[str, str]) -> Group:
    look = _look(edge, tones)
    shape = replace(look, path=circle(x, y, RADIUS + 3))
    return Group("arc", (shape,), edge.data(), edge.title)


def _node(
    row: int,
    node: int,
    data: dict[str, Any],
    x: float,
    y: float,
    word: str,
    entities: dict[str, str],
) -> Group:
    label: str | None = data.get("entity")
    around = circle(x, y, RADIUS)
    shapes: list[Shape] = [Stroke(around)]
    if label is not None:
        shapes = [Fill(around, entities[label], 0.35), Stroke(around, entities[label])]
    shapes.append(Label(x, y + SMALL * 0.36, str(node), SMALL))
    if word:
        shapes.append(Label(x, y + RADIUS + WORD * 1.15, word, WORD))
    attributes: dict[str, str | int | float] = {"row": row}
    if label is not None:
        attributes["entity"] = label
    return Group("node", tuple(shapes), attributes)
