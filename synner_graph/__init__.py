"""Named entity recognition that reads syntax."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from synner_graph import display

if TYPE_CHECKING:
    from synner_graph.data.sentence import Entity, Sentence
    from synner_graph.recogniser.synner import SynNER

__version__ = "0.1.0"
__all__ = ["Entity", "Sentence", "SynNER", "__version__"]

_HOMES = {
    "Entity": "synner_graph.data.sentence",
    "Sentence": "synner_graph.data.sentence",
    "SynNER": "synner_graph.recogniser.synner",
}


def _load_drawings() -> None:
    import synner_graph.drawing  # noqa: F401  # where a sentence is shown, and not before


display.load = _load_drawings


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that `synner --help` need not wait for torch."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
