"""Scenes with matplotlib, for papers: PNG, PDF and matplotlib's own SVG."""

from functools import cache
from typing import TYPE_CHECKING

from synner_graph.drawing.colours import TONES
from synner_graph.drawing.scene import Box, Commands, Fill, Label, Scene, Stroke
from synner_graph.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Figure
    from matplotlib.path import Path

POINTS = 0.75
"""Points in a pixel: 72 to the inch, and 96."""
FAMILY = "sans-serif"
RIGHT_TO_LEFT_MARK = "\u200f"
"""Before a text, it turns the brackets in it as a right-to-left reader expects them."""


def figure(scene: Scene, dark: bool = False) -> "Figure":
    """Draw a scene as a matplotlib figure of its size, ready for `savefig`.

    Raises:
        InputError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError(
            "PNG and PDF need matplotlib: install `synner-graph[draw]`, or write SVG or HTML."
        ) from error

    inch = 72 / POINTS
    made = Figure(figsize=(scene.width / inch, scene.height / inch), facecolor=_paper(dark))
    axes = made.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, scene.width)
    axes.set_ylim(scene.height, 0)
    for order, shape in enumerate(shape for group in scene.groups for shape in group.shapes):
        match shape:
            case Stroke() | Fill():
                _draw_path(axes, shape, order, dark)
            case Box():
                _draw_box(axes, shape, order, dark)
            case Label():
                _draw_label(axes, shape, order, dark)
    return made


def _colour(tone: str, dark: bool) -> str:
    return TONES[tone][dark]


def _paper(dark: bool) -> str:
    return _colour("paper", dark)


def _draw_path(axes: "Axes", shape: Stroke | Fill, order: int, dark: bool) -> None:
    from matplotlib.patches import PathPatch

    colour = _colour(shape.tone, dark)
    is_line = isinstance(shape, Stroke)
    patch = PathPatch(
        _path(shape.path),
        facecolor="none" if is_line else colour,
        edgecolor=colour if is_line else "none",
        linewidth=shape.width * POINTS if isinstance(shape, Stroke) else 0,
        alpha=shape.opacity,
        capstyle="butt",
        zorder=order,
    )
    axes.add_patch(patch)


def _path(commands: Commands) -> "Path":
    from matplotlib.path import Path

    codes = {"M": [Path.MOVETO], "L": [Path.LINETO], "Q": [Path.CURVE3] * 2, "Z": [Path.CLOSEPOLY]}
    points = [point for name, ends in commands for point in (ends or ((0.0, 0.0),))]
    return Path(points, [code for name, _ in commands for code in codes[name]])


def _draw_box(axes: "Axes", box: Box, order: int, dark: bool) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import FancyBboxPatch

    colour = _colour(box.tone, dark)
    radius = min(box.radius, box.width / 2, box.height / 2)
    patch = FancyBboxPatch(
        (box.x, box.y),
        box.width,
        box.height,
        boxstyle=f"round,pad=0,rounding_size={radius}",
        facecolor=to_rgba(colour, box.tint),
        edgecolor=colour,
        linewidth=box.border * POINTS,
        linestyle=(0, (3, 2)) if box.dashed else "solid",
        zorder=order,
    )
    axes.add_patch(patch)


def _draw_label(axes: "Axes", label: Label, order: int, dark: bool) -> None:
    from matplotlib.patheffects import withStroke

    axes.text(
        label.x,
        label.y,
        RIGHT_TO_LEFT_MARK * label.right_to_left + label.text,
        fontsize=label.size * POINTS,
        family=_families(label.text),
        color=_colour(label.tone, dark),
        horizontalalignment={"middle": "center"}.get(label.align, label.align),
        weight="bold" if label.bold else "normal",
        parse_math=False,
        path_effects=[withStroke(linewidth=3 * POINTS, foreground=_paper(dark))] * label.halo,
        zorder=order,
    )


def _families(text: str) -> list[str]:
    """Return the usual font, and installed fonts for the characters that it lacks."""
    families = [FAMILY]
    for character in text:
        family = _family_with(character)
        if family not in families:
            families.append(family)
    return families


@cache
def _family_with(character: str) -> str:
    from matplotlib import font_manager

    usual_font = font_manager.FontProperties(family=[FAMILY])
    usual = font_manager.get_font(font_manager.findfont(usual_font))
    if usual.get_char_index(ord(character)):
        return FAMILY
    # "Last Resort" comes with matplotlib and has a box for every character: it is the last to ask.
    fonts = sorted(font_manager.fontManager.ttflist, key=lambda font: "Last Resort" in font.name)
    for entry in fonts:
        if font_manager.get_font(entry.fname).get_char_index(ord(character)):
            return str(entry.name)
    return FAMILY
