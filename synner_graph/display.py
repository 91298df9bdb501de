"""Sentences and graphs in notebooks: they show drawings, and drawings are made from them.

So neither imports the other: the package says how the drawings are loaded, the drawings say what
they can show, and both say it here.
"""

from collections.abc import Callable
from typing import Any

load: Callable[[], object] = lambda: None  # noqa: E731
"""Imports the drawings; the package sets it."""

makers: dict[str, Callable[[Any], str]] = {}
"""Name of a class -> what makes HTML of an object; the drawings fill it when they are imported."""


def to_html(thing: object) -> str:
    """Return an object of the package as HTML, for a notebook.

    Args:
        thing: An object whose class stands in `makers` once the drawings are loaded.
    """
    load()
    return makers[type(thing).__name__](thing)
