"""Drawing: a scene that shows itself in a notebook and saves itself in any format."""

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from synner_graph.drawing.figure import figure
from synner_graph.drawing.page import page
from synner_graph.drawing.scene import Scene
from synner_graph.drawing.svg import scrolling, svg
from synner_graph.errors import InputError
from synner_graph.files import write_bytes

if TYPE_CHECKING:
    from synner_graph.drawing.figure import Figure

SUFFIXES = (".html", ".svg", ".png", ".pdf")


@dataclass(frozen=True)
class Drawing:
    """A finished picture.

    Attributes:
        scene: The scene to show.
    """

    scene: Scene = field(repr=False)

    def svg(self) -> str:
        """Return a self-contained SVG file, light or dark as the reader's system is."""
        return svg(self.scene)

    def html(self) -> str:
        """Return a self-contained HTML page."""
        return page(self.scene.caption, [self.scene])

    def figure(self, dark: bool = False) -> "Figure":
        """Return a matplotlib figure.

        Raises:
            InputError: If matplotlib is not installed.
        """
        return figure(self.scene, dark)

    def save(self, path: Path | str) -> None:
        """Write a file in the format of its suffix: .html, .svg, .png or .pdf.

        Raises:
            InputError: For another suffix, if matplotlib is needed and not installed, or if the
                file cannot be written.
        """
        suffix = check_suffix(path)
        if suffix == ".html":
            content = self.html().encode()
        elif suffix == ".svg":
            content = self.svg().encode()
        else:
            buffer = BytesIO()
            self.figure().savefig(buffer, format=suffix[1:], dpi=192)
            content = buffer.getvalue()
        write_bytes(path, content)

    def _repr_html_(self) -> str:
        return scrolling(self.scene)


def check_suffix(path: Path | str) -> str:
    """Return the suffix of a file, if drawings have that format.

    Raises:
        InputError: The suffix is another one.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"expected a file named {', '.join(SUFFIXES)}, got {path}")
    return suffix
