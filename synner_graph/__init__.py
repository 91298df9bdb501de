"""Named entity recognition that reads syntax."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from synner_graph import display

if TYPE_CHECKING:
    from synner_graph.api import combine, compare, train
    from synner_graph.data.dictionary import read_dictionary
    from synner_graph.data.formats import read_sentences, write_sentences
    from synner_graph.data.sentence import Entity, Sentence
    from synner_graph.drawing import draw_sentence
    from synner_graph.errors import InputError
    from synner_graph.evaluation.combination.saved import load_combination
    from synner_graph.evaluation.evaluate import evaluate
    from synner_graph.evaluation.explain import explain
    from synner_graph.recogniser.synner import SynNER
    from synner_graph.recogniser.thresholds import Thresholds
    from synner_graph.text.document import Doc

__version__ = "0.1.0"
__all__ = [
    "Doc",
    "Entity",
    "InputError",
    "Sentence",
    "SynNER",
    "Thresholds",
    "__version__",
    "combine",
    "compare",
    "draw_sentence",
    "evaluate",
    "explain",
    "load_combination",
    "read_dictionary",
    "read_sentences",
    "train",
    "write_sentences",
]

_HOMES = {
    "Doc": "synner_graph.text.document",
    "Entity": "synner_graph.data.sentence",
    "InputError": "synner_graph.errors",
    "Sentence": "synner_graph.data.sentence",
    "SynNER": "synner_graph.recogniser.synner",
    "Thresholds": "synner_graph.recogniser.thresholds",
    "combine": "synner_graph.api",
    "compare": "synner_graph.api",
    "draw_sentence": "synner_graph.drawing",
    "evaluate": "synner_graph.evaluation.evaluate",
    "explain": "synner_graph.evaluation.explain",
    "load_combination": "synner_graph.evaluation.combination.saved",
    "read_dictionary": "synner_graph.data.dictionary",
    "read_sentences": "synner_graph.data.formats",
    "train": "synner_graph.api",
    "write_sentences": "synner_graph.data.formats",
}


def _load_drawings() -> None:
    import synner_graph.drawing  # noqa: F401  # where a sentence is shown, and not before


display.load = _load_drawings


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that `synner --help` need not wait for torch."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, for completion, beside what is imported."""
    return sorted({*globals(), *__all__})
