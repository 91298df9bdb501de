"""A sentence as a scene: arcs above the words, entities below them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import networkx as nx

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.drawing import layout
from synner_graph.drawing.colours import tones_of
from synner_graph.drawing.edges import Edge, arrowhead_size, edges_of, legend, stroke_of
from synner_graph.drawing.scene import (
    Box,
    Fill,
    Group,
    Label,
    Scene,
    Shape,
    arrowhead,
    bracket,
    line,
    shortened,
)
from synner_graph.drawing.text import runs_right_to_left, text_width, visible
from synner_graph.errors import InputError
from synner_graph.graph.token_graph import TokenGraph

WORD = 15.0
SMALL = 11.0
MARGIN = 14.0
LEVEL = 22.0
FIRST_LEVEL = 20.0
LOOP = 13.0
TRACK = 19.0
PAD = 10.0
GOLD = "gold"
PREDICTED = "predicted"


def sentence_scene(
    sentence: Sentence,
    gold: Sequence[Entity] | None = None,
    graph: TokenGraph | None = None,
    labels: Collection[str] = (),
    document: Sequence[Sentence] = (),
    place: int = 0,
    rows: Mapping[str, Sequence[Entity]] | None = None,
) -> Scene:
    """Draw a sentence with its tree, or with the edges of a graph in place of the tree.

    Args:
        sentence: Words, tree and entities.
        gold: What the entities should have been. Then there are two rows, and an entity that the
            other row lacks has a dashed border.
        graph: One sentence as a graph, whose edges, and weights if it has some, are drawn; or a
            document, and then only the edges that touch the sentence are drawn.
        labels: Entity labels that keep their colours free for themselves.
        document: The sentences of the graph, where it holds more than this one.
        place: Which of them the sentence is.
        rows: Entities by the name of their row, in place of the sentence's and of `gold`.
    """
    named = rows or {"": sentence.entities}
    if gold is not None:
        named = {PREDICTED: sentence.entities, GOLD: gold}
    common = set.intersection(*map(set, named.values()))
    drawn = [_Row(name, entities, set(entities) - common) for name, entities in named.items()]
    document = document or (sentence,)
    if graph is not None and graph.lengths.tolist() != [len(s) for s in document]:
        wanted = ", ".join(str(len(s)) for s in document)
        kind = "one sentence" if len(document) == 1 else "sentences"
        raise InputError(
            f"expected the graph of {kind} of {wanted} tokens, got sentences of "
            f"{', '.join(map(str, graph.lengths.tolist()))} tokens"
        )
    known = {entity.label for row in drawn for entity in row.entities}
    tones = tones_of(known | set(labels))
    edges, others = _tree(sentence), list[str]()
    if graph is not None:
        edges, others = _touching(graph.to_networkx(document), place)
    page = _Page.arrange(sentence, others, edges, drawn)
    groups = [
        *(_arc(edge, page) for edge in edges),
        *(_word(i, word, page) for i, word in enumerate(sentence.tokens)),
        *(_word(i, word, page, "other") for i, word in enumerate(others, len(sentence))),
    ]
    y = page.base + WORD * 1.75
    for row in drawn:
        made, y = _row(row, y, tones, page)
        groups += made
    if graph is not None:
        made, y = legend(edges, page.left, y + 4)
        groups += made
    scene = Scene(
        width=page.left + page.width + MARGIN,
        height=y + MARGIN / 2,
        groups=tuple(groups),
        caption=" ".join(map(visible, sentence.tokens)),
    )
    return mirrored(scene) if runs_right_to_left(sentence.tokens) else scene


class _Row(NamedTuple):
    """Entities that are drawn under one caption, some of them as not matched by the other row."""

    caption: str
    entities: Sequence[Entity]
    unmatched: Collection[Entity] = ()


@dataclass(frozen=True)
class _Page:
    """The places of all parts of a sentence.

    Attributes:
        left: Where the first column starts: right of the captions.
        width: Width of all columns.
        base: Where arcs end, just above the words.
        top: Height of the highest arc that comes from no word.
        centres: The middle of each column.
        widths: The width that each column needs.
        feet: `x` of both ends of each edge, source first.
        heights: Height of each arc above the base.
        right_to_left: How the words run.
    """

    left: float
    width: float
    base: float
    top: float
    centres: list[float]
    widths: list[float]
    feet: dict[Edge, tuple[float, float]]
    heights: dict[Edge, float]
    right_to_left: bool

    @classmethod
    def arrange(
        cls,
        sentence: Sentence,
        others: Sequence[str],
        edges: Sequence[Edge],
        rows: Sequence[_Row],
    ) -> "_Page":
        """Give every word, arc and entity the room it needs."""
        words = (*sentence.tokens, *others)
        arcs = [edge for edge in edges if edge.is_arc]
        roots = [edge for edge in edges if edge.source == ROOT]
        loops = {edge.target for edge in edges if edge.source == edge.target}
        spans = [edge.span for edge in arcs]
        level = layout.levels(spans)
        feet, counts, places = layout.slots(spans, level, [edge.target for edge in roots])
        counts += [0] * (len(words) - len(counts))

        widths = [max(text_width(word, WORD), 12.0) for word in words]
        for i, count in enumerate(counts):
            # A loop stands beside the last arc: twice, so that the arcs stay in the middle.
            widths[i] = max(widths[i], count * layout.SLOT + (4 * layout.SLOT if i in loops else 0))
        for edge in roots:
            # Its label stands above the arrow, which many arcs push aside: further than the margin.
            aside = abs(layout.offset(places[edge.target], counts[edge.target]))
            needed = text_width(edge.text, SMALL) + 2 * max(0.0, aside - MARGIN)
            widths[edge.target] = max(widths[edge.target], needed)
        boxes = [(e.start, e.end - 1, _entity_width(e)) for row in rows for e in row.entities]
        for first, last, needed in boxes:
            if first == last:
                widths[first] = max(widths[first], needed)
        demands = [
            (first, last, needed - (widths[first] + widths[last]) / 2)
            for first, last, needed in boxes
            if first < last
        ]
        for edge, (at_left, at_right) in zip(arcs, feet, strict=True):
            left, right = edge.span
            inner = layout.offset(at_right, counts[right]) - layout.offset(at_left, counts[left])
            demands.append((left, right, text_width(edge.text, SMALL) + 2 * PAD - inner))

        captions = max(text_width(row.caption, SMALL) for row in rows)
        edge_of_words = MARGIN + (captions + PAD if captions else 0)
        middles = [edge_of_words + x for x in layout.centres(widths, demands)]
        x_of: dict[Edge, tuple[float, float]] = {}
        heights: dict[Edge, float] = {}
        lift = LOOP if loops else 0.0
        for edge, place, height in zip(arcs, feet, level, strict=True):
            ends = [
                middles[column] + layout.offset(at, counts[column])
                for column, at in zip(edge.span, place, strict=True)
            ]
            x_of[edge] = (ends[0], ends[1]) if edge.source < edge.target else (ends[1], ends[0])
            heights[edge] = lift + FIRST_LEVEL + height * LEVEL
        for edge in roots:
            x = middles[edge.target] + layout.offset(places[edge.target], counts[edge.target])
            x_of[edge] = (x, x)
        for edge in edges:
            if edge.source == edge.target:
                x = middles[edge.target] + layout.offset(counts[edge.target], counts[edge.target])
                x_of[edge] = (x, x + layout.SLOT * 1.4)
        highest = max((heights[edge] for edge in arcs), default=lift)
        top = MARGIN + SMALL
        above_words = highest + (LEVEL if roots else 0)
        base = top + above_words if edges else MARGIN
        return cls(
            left=edge_of_words,
            width=middles[-1] + widths[-1] / 2 - edge_of_words,
            base=base,
            top=top,
            centres=middles,
            widths=widths,
            feet=x_of,
            heights=heights,
            right_to_left=runs_right_to_left(sentence.tokens),
        )


def mirrored(scene: Scene) -> Scene:
    """Mirror the scene for right-to-left scripts."""

    def flip(shape: Shape) -> Shape:
        if isinstance(shape, Box):
            return replace(shape, x=scene.width - shape.x - shape.width)
        if isinstance(shape, Label):
            other = {"left": "right", "right": "left", "middle": "middle"}
            return replace(shape, x=scene.width - shape.x, align=other[shape.align])
        path = tuple(
            (name, tuple((scene.width - x, y) for x, y in points)) for name, points in shape.path
        )
        return replace(shape, path=path)

    groups = (replace(g, shapes=tuple(flip(shape) for shape in g.shapes)) for g in scene.groups)
    return replace(scene, groups=tuple(groups), right_to_left=True)


def _touching(graph: "nx.MultiDiGraph[int]", place: int) -> tuple[list[Edge], list[str]]:
    """Return the edges that touch a sentence of a document, and the other nodes they touch.

    Columns are the words of the sentence, then the others in the order of their rows.
    """
    nodes: dict[int, dict[str, Any]] = {node: graph.nodes[node] for node in graph}
    inside = [node for node, data in nodes.items() if data.get("sentence") == place]
    touching = [edge for edge in edges_of(graph) if {edge.source, edge.target} & set(inside)]
    outside = {end for edge in touching for end in (edge.source, edge.target)} - set(inside)
    columns = {node: column for column, node in enumerate([*inside, *sorted(outside)])}
    edges = [
        replace(edge, source=columns[edge.source], target=columns[edge.target]) for edge in touching
    ]
    return edges, [_other(nodes[node], place) for node in sorted(outside)]


def _other(data: dict[str, Any], place: int) -> str:
    """Write an entry, or a word of another sentence, beside a sentence."""
    if "entry" in data:
        return f"{data['entry']} [{data['type']}]"
    return f"{data['token']} [{data['sentence'] - place:+d}]"


def _tree(sentence: Sentence) -> list[Edge]:
    if sentence.heads is None:
        return []
    return [Edge(head, dependent, relation) for head, dependent, relation in sentence.arcs]


def _arc(edge: Edge, page: _Page) -> Group:
    start, end = page.feet[edge]
    stroke = stroke_of(edge)
    size = arrowhead_size(stroke)
    tip = arrowhead((end, page.base), size)
    shapes: tuple[Shape, ...]
    if edge.source == edge.target:
        path = bracket(start, end, page.base, LOOP - 3, radius=5)
        tip = arrowhead((end, page.base), size - 1)
        shapes = (replace(stroke, path=path), Fill(tip, stroke.tone, stroke.opacity))
        return Group("arc", shapes, edge.data(), edge.title)
    if edge.source == ROOT:
        path = line((start, page.top + 4), (end, page.base - 2))
        label = Label(start, page.top, visible(edge.text), SMALL, halo=True)
    else:
        height = page.heights[edge]
        path = shortened(bracket(start, end, page.base, height), size)
        top = page.base - height - stroke.width / 2
        label = Label((start + end) / 2, top - 2.5, visible(edge.text), SMALL, halo=True)
    shapes = (replace(stroke, path=path), Fill(tip, stroke.tone, stroke.opacity), label)
    return Group("arc", shapes, edge.data(), edge.title)


def _word(position: int, word: str, page: _Page, kind: str = "token") -> Group:
    label = Label(
        page.centres[position],
        page.base + WORD * 1.2,
        visible(word),
        WORD,
        "ink" if kind == "token" else "line",
        right_to_left=page.right_to_left,
    )
    return Group(kind, (label,), {"position": position})


def _row(row: _Row, y: float, tones: dict[str, str], page: _Page) -> tuple[list[Group], float]:
    """Draw a row of entities, nested ones on tracks, and return where the next row starts."""
    groups = []
    tracks = layout.levels([(entity.start, entity.end) for entity in row.entities])
    if row.caption:
        label = Label(page.left - PAD, y + 13, row.caption, SMALL, "line", align="right")
        groups.append(Group("caption", (label,)))
    for entity, track in zip(row.entities, tracks, strict=True):
        first, last = entity.start, entity.end - 1
        left = page.centres[first] - page.widths[first] / 2 - 3
        right = page.centres[last] + page.widths[last] / 2 + 3
        wrong = entity in row.unmatched
        box = Box(
            left,
            y + track * TRACK,
            right - left,
            TRACK - 3,
            tones[entity.label],
            dashed=wrong,
            border=1.8 if wrong else 1.0,
            tint=0.08 if wrong else 0.22,
        )
        middle = box.y + box.height / 2 + SMALL * 0.36
        label = Label((left + right) / 2, middle, visible(_entity_text(entity)), SMALL, bold=True)
        data: dict[str, str | int | float] = {
            "start": entity.start,
            "end": entity.end,
            "label": entity.label,
        }
        if row.caption:
            data["row"] = row.caption
        groups.append(Group("entity", (box, label), data))
    needs_room = bool(row.entities) or bool(row.caption)
    return groups, y + (max(tracks, default=0) + 1) * TRACK * needs_room


def _entity_text(entity: Entity) -> str:
    return entity.label if entity.score is None else f"{entity.label} {entity.score:.2f}"


def _entity_width(entity: Entity) -> float:
    return text_width(_entity_text(entity), SMALL) + PAD
