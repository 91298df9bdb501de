"""A drawing before anybody draws it: strokes, boxes and labels, each with a tone, in pixels.

A tone is a name of `colours.TONES`; what it looks like, in light and in dark, is for the renderers
to look up there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import cos, pi, sin

Point = tuple[float, float]
Commands = tuple[tuple[str, tuple[Point, ...]], ...]
"""A path: M and L with a point, Q with a control point and a point, Z with none."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line along a path."""

    path: Commands
    tone: str = "line"
    width: float = 1.2
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Fill:
    """The inside of a path."""

    path: Commands
    tone: str = "line"
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners, tinted unless `tint` is 0, its border dashed at will."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    radius: float = 4
    tint: float = 0.2
    border: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text; `x` is its middle and `y` its baseline.

    Attributes:
        align: Where `x` is: middle, left or right.
        halo: Whether lines behind it keep off.
        right_to_left: How characters without a direction of their own are ordered.
    """

    x: float
    y: float
    text: str
    size: float
    tone: str = "ink"
    align: str = "middle"
    bold: bool = False
    halo: bool = False
    right_to_left: bool = False


Shape = Stroke | Fill | Box | Label


@dataclass(frozen=True, slots=True)
class Group:
    """Shapes that belong together: an arc, an entity, a token.

    Attributes:
        kind: What it is.
        data: What it stands for; becomes `data-` attributes.
        title: What a browser says when the mouse rests on it.
    """

    kind: str
    shapes: tuple[Shape, ...]
    data: Mapping[str, str | int | float] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """All shapes of a drawing, from (0, 0) at the top left to (width, height).

    Attributes:
        caption: The scene in words, for those who cannot see it.
        right_to_left: Whether reading starts at the right edge.
    """

    width: float
    height: float
    groups: tuple[Group, ...]
    caption: str
    right_to_left: bool = False


def bracket(start: float, end: float, base: float, height: float, radius: float = 6) -> Commands:
    """A path from `start` to `end` with round corners, `height` above its feet (below if < 0)."""
    side = 1 if end > start else -1
    turn = min(radius, abs(end - start) / 2, abs(height))
    top = base - height
    down = turn if height > 0 else -turn
    return (
        ("M", ((start, base),)),
        ("L", ((start, top + down),)),
        ("Q", ((start, top), (start + side * turn, top))),
        ("L", ((end - side * turn, top),)),
        ("Q", ((end, top), (end, top + down))),
        ("L", ((end, base),)),
    )


def shortened(path: Commands, length: float) -> Commands:
    """Shorten the end of a bracket, so that the arrowhead there keeps its tip."""
    ((x, base),) = path[-1][1]
    upwards = path[-2][1][-1][1] < base
    return (*path[:-1], ("L", ((x, base - length if upwards else base + length),)))


def line(start: Point, end: Point) -> Commands:
    """A straight path."""
    return (("M", (start,)), ("L", (end,)))


def arrowhead(tip: Point, size: float, down: bool = True) -> Commands:
    """A triangle whose tip points down, or up."""
    x, y = tip
    back = y - size * 1.6 if down else y + size * 1.6
    return (("M", (tip,)), ("L", ((x - size, back),)), ("L", ((x + size, back),)), ("Z", ()))


def circle(x: float, y: float, radius: float) -> Commands:
    """A circle, as near as eight quadratic curves come: to a thousandth of its radius."""
    far = radius / cos(pi / 8)  # where the tangents of two neighbouring points meet
    commands: list[tuple[str, tuple[Point, ...]]] = [("M", ((x + radius, y),))]
    for eighth in range(8):
        middle, end = (eighth + 0.5) * pi / 4, (eighth + 1) * pi / 4
        corner = (x + far * cos(middle), y + far * sin(middle))
        commands.append(("Q", (corner, (x + radius * cos(end), y + radius * sin(end)))))
    return (*commands, ("Z", ()))
