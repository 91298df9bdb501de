"""Scenes as SVG: no scripts, no outside files, light and dark by the reader's preference."""

from html import escape

from synner_graph.drawing.colours import TONES
from synner_graph.drawing.scene import Box, Commands, Fill, Group, Label, Scene, Shape, Stroke
from synner_graph.drawing.text import visible


def style() -> str:
    """Return the style sheet of drawings; its rules touch only them."""
    return (
        ".synner{max-width:none}"
        ".synner text{font-family:system-ui,-apple-system,'Segoe UI',sans-serif;"
        "direction:ltr;fill:currentColor}"
        ".synner .h{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
        ".synner .s{fill:none;stroke:currentColor}"
        ".synner .f{fill:currentColor}"
        ".synner .b{fill:currentColor;stroke:currentColor}"
        ".synner text.r{direction:rtl}"
        f"{_tones(0)}@media(prefers-color-scheme:dark){{{_tones(1)}}}"
    )


def svg(scene: Scene, styled: bool = True) -> str:
    """Write a scene as one SVG element.

    Args:
        scene: What to draw.
        styled: Whether the style sheet comes with it; without, the page must have it.
    """
    width, height = _number(scene.width), _number(scene.height)
    # The attribute is for notebooks: they shrink pictures by a rule that no style sheet outdoes.
    styles = f' style="max-width:none"><style>{style()}</style' if styled else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="synner" role="img" '
        f'aria-label="{_escape(scene.caption)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"{styles}>'
        f'<rect class="f paper" width="{width}" height="{height}"/>'
        f"{''.join(map(_group, scene.groups))}</svg>"
    )


def scrolling(scene: Scene, styled: bool = True) -> str:
    """Write a scene as HTML that scrolls if it is too wide, from where reading starts."""
    direction = "rtl" if scene.right_to_left else "ltr"
    return f'<div dir="{direction}" style="overflow-x:auto">{svg(scene, styled)}</div>'


def _tones(theme: int) -> str:
    colours = (f".synner .{name}{{color:{pair[theme]}}}" for name, pair in TONES.items())
    return f"{''.join(colours)}.synner .h{{stroke:{TONES['paper'][theme]}}}"


def _group(group: Group) -> str:
    data = "".join(f' data-{name}="{_escape(str(value))}"' for name, value in group.data.items())
    title = f"<title>{_escape(group.title)}</title>" if group.title else ""
    return f'<g class="{group.kind}"{data}>{title}{"".join(map(_shape, group.shapes))}</g>'


def _shape(shape: Shape) -> str:
    match shape:
        case Stroke():
            width = f' stroke-width="{_number(shape.width)}"'
            return f'<path class="s {shape.tone}" d="{_path(shape.path)}"{width}{_faded(shape)}/>'
        case Fill():
            return f'<path class="f {shape.tone}" d="{_path(shape.path)}"{_faded(shape)}/>'
        case Box():
            place = _attributes(x=shape.x, y=shape.y, width=shape.width, height=shape.height)
            dashes = ' stroke-dasharray="4 3"' if shape.dashed else ""
            return (
                f'<rect class="b {shape.tone}"{place}{_attributes(rx=shape.radius)}'
                f' fill-opacity="{_number(shape.tint)}" stroke-width="{_number(shape.border)}"'
                f"{dashes}/>"
            )
        case Label():
            anchor = {"middle": "middle", "left": "start", "right": "end"}[shape.align]
            if shape.right_to_left and shape.align != "middle":
                anchor = {"start": "end", "end": "start"}[anchor]
            weight = ' font-weight="600"' if shape.bold else ""
            classes = shape.tone + " h" * shape.halo + " r" * shape.right_to_left
            return (
                f'<text class="{classes}"{_attributes(x=shape.x, y=shape.y)}'
                f' font-size="{_number(shape.size)}" text-anchor="{anchor}"{weight}>'
                f"{_escape(shape.text)}</text>"
            )


def _faded(shape: Stroke | Fill) -> str:
    return "" if shape.opacity == 1 else f' opacity="{_number(shape.opacity)}"'


def _path(commands: Commands) -> str:
    return "".join(
        name + " ".join(f"{_number(x)} {_number(y)}" for x, y in points)
        for name, points in commands
    )


def _attributes(**values: float) -> str:
    return "".join(f' {name}="{_number(value)}"' for name, value in values.items())


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value >= 1 or value <= -1 else f"{value:.2g}"


def _escape(text: str) -> str:
    return escape(visible(text))
