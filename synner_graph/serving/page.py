"""The files of the page: written by hand, colours apart, which are those of the drawings."""

from importlib.resources import files

from synner_graph.drawing.colours import TONES
from synner_graph.drawing.svg import style

KINDS = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "panel.js": "text/javascript; charset=utf-8",
    "tools.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return path -> content and media type of everything that the page consists of."""
    folder = files("synner_graph.serving") / "static"
    found = {f"/{name}": ((folder / name).read_bytes(), kind) for name, kind in KINDS.items()}
    colours = f"{_variables(0)}@media(prefers-color-scheme:dark){{{_variables(1)}}}"
    classes = "".join(f".{name}{{--tone:var(--{name})}}" for name in TONES)
    found["/colours.css"] = f"{colours}{classes}{style()}".encode(), KINDS["page.css"]
    found["/"] = found.pop("/index.html")
    return found


def _variables(theme: int) -> str:
    return f":root{{{''.join(f'--{name}:{pair[theme]};' for name, pair in TONES.items())}}}"
