"""Edges for drawings: their text, and the look of their weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx

from synner_graph.data.sentence import ROOT
from synner_graph.drawing.scene import Box, Group, Label, Stroke
from synner_graph.drawing.text import text_width, visible
from synner_graph.graph.edges import (
    DEPENDENT_HEAD,
    GAZETTEER,
    HEAD_DEPENDENT,
    NEXT_SENTENCE,
    PREVIOUS_SENTENCE,
    SAME_FORM,
    SELF,
)

THIN, THICK = 1.2, 5.0
FAINTEST = 0.35
DIRECTION_TONES = {
    HEAD_DEPENDENT: "c0",
    DEPENDENT_HEAD: "c1",
    SELF: "c2",
    SAME_FORM: "c3",
    GAZETTEER: "c4",
    NEXT_SENTENCE: "c5",
    PREVIOUS_SENTENCE: "c6",
}


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge.

    Attributes:
        source: Column it leaves; ROOT for the arrow to a root.
        target: Column it enters.
        relation: Its relation, whatever the direction.
        direction: Its kind; empty for the arcs of a tree.
        weight: Its weight, if it has one.
        share: The weight as a part of the drawing's greatest one, in -1 to 1.
        number: Distinguishes edges that are alike in all else.
    """

    source: int
    target: int
    relation: str
    direction: str = ""
    weight: float | None = None
    share: float = 0.0
    number: int = 0

    @property
    def is_arc(self) -> bool:
        """Whether it joins two words."""
        return self.source not in (ROOT, self.target)

    @property
    def span(self) -> tuple[int, int]:
        """Both columns, from left to right."""
        return min(self.source, self.target), max(self.source, self.target)

    @property
    def text(self) -> str:
        """Relation and weight, as they are written at the edge."""
        return self.relation if self.weight is None else f"{self.relation} {self.weight:.2g}"

    @property
    def title(self) -> str:
        """The text shown under the mouse."""
        return f"{self.text} ({self.direction})" if self.direction else self.text

    def data(self) -> dict[str, str | int | float]:
        """All of it, for `data-` attributes."""
        data: dict[str, str | int | float] = {
            "source": self.source,
            "target": self.target,
            "relation": self.relation,
        }
        if self.direction:
            data["direction"] = self.direction
        if self.weight is not None:
            data["weight"] = self.weight
        return data


def edges_of(graph: "nx.MultiDiGraph[int]") -> list[Edge]:
    """Return the edges of a networkx view, in its order."""
    rows = list(graph.edges(data=True))
    greatest = max((abs(data.get("weight", 0.0)) for *_, data in rows), default=0.0)
    edges = []
    for number, (source, target, data) in enumerate(rows):
        direction = data["direction"]
        relation = data["relation"].removesuffix(f" ({direction})")
        weight = data.get("weight")
        share = weight / greatest if weight and greatest else 0.0
        edges.append(Edge(source, target, relation, direction, weight, share, number))
    return edges


def stroke_of(edge: Edge) -> Stroke:
    """Return the stroke of an edge without a path: by its weight, else by its direction."""
    if edge.weight is None:
        return Stroke((), DIRECTION_TONES.get(edge.direction, "line"))
    size = abs(edge.share)
    return Stroke(
        (),
        "negative" if edge.share < 0 else "positive",
        THIN + (THICK - THIN) * size,
        FAINTEST + (1 - FAINTEST) * size,
    )


def arrowhead_size(stroke: Stroke) -> float:
    """Return half the width of an arrowhead that is visible at the end of a stroke."""
    return 2.8 + 0.6 * stroke.width


def legend(edges: Sequence[Edge], x: float, y: float) -> tuple[list[Group], float]:
    """Draw the meaning of the edges' colours, and return where the legend ends."""
    if any(edge.weight is not None for edge in edges):
        entries = [("positive", "positive weight"), ("negative", "negative weight")]
        shown = {stroke_of(edge).tone for edge in edges}
    else:
        entries = [(tone, direction) for direction, tone in DIRECTION_TONES.items()]
        shown = {stroke_of(edge).tone for edge in edges}
    return key([entry for entry in entries if entry[0] in shown], x, y)


def key(entries: Sequence[tuple[str, str]], x: float, y: float) -> tuple[list[Group], float]:
    """Draw a row of coloured patches with names, and return where it ends."""
    groups = []
    for tone, name in entries:
        patch = Box(x, y, 12, 12, tone, radius=3, tint=0.8)
        label = Label(x + 17, y + 10, visible(name), 11, "ink", align="left")
        groups.append(Group("key", (patch, label)))
        x += 17 + text_width(name, 11) + 16
    return groups, y + (18 if entries else 0)
