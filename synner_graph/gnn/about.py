"""What a layer's docstring and options say about it: the source of `gnn list` and `gnn show`."""

import re
from dataclasses import asdict, dataclass
from inspect import cleandoc
from typing import Any

from pydantic.fields import FieldInfo

from synner_graph.gnn import NONE, layer_class
from synner_graph.gnn.base import GraphLayer, WeightedLayer
from synner_graph.gnn.stack import NoGNN

SOURCE = "Source:"
ARGUMENTS = r"\n *(?:Args:|Parameters)\n"
"""Where a docstring goes on with what the constructor takes; the second is DGL's way."""


@dataclass(frozen=True)
class Option:
    """A setting of a layer."""

    name: str
    type: str
    default: Any
    description: str


@dataclass(frozen=True)
class About:
    """A layer in words.

    Attributes:
        name: as `--gnn` takes it.
        summary: one line.
        equation: one or several lines; empty where there is none.
        notes: what the equation leaves open.
        paper: where it comes from.
        reads_relations: whether relation types matter to it.
        weighs_edges: whether it can show a weight for each edge.
        options: its own settings.
    """

    name: str
    summary: str
    equation: str
    notes: str
    paper: str
    reads_relations: bool
    weighs_edges: bool
    options: tuple[Option, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def about(name: str) -> About:
    """What there is to say about a layer.

    Raises:
        InputError: for an unknown name; suggests the nearest.
    """
    layer = None if name == NONE else layer_class(name)
    text = re.split(ARGUMENTS, cleandoc((layer or NoGNN).__doc__ or ""), maxsplit=1)[0].strip()
    summary, *paragraphs = text.split("\n\n")
    parts: dict[str, list[str]] = {"equation": [], "notes": [], "paper": []}
    for paragraph in paragraphs:
        if paragraph.startswith(" "):
            parts["equation"].append(cleandoc(paragraph))
        elif paragraph.startswith(SOURCE):
            parts["paper"].append(_one_line(paragraph.removeprefix(SOURCE)))
        else:
            parts["notes"].append(_one_line(paragraph))
    fields = (layer or GraphLayer).Options.model_fields
    return About(
        name=name,
        summary=_one_line(summary),
        equation="\n".join(parts["equation"]),
        notes="\n".join(parts["notes"]),
        paper=" ".join(parts["paper"]),
        reads_relations=layer is not None and layer.reads_relations,
        weighs_edges=layer is not None and issubclass(layer, WeightedLayer),
        options=tuple(_option(option, field) for option, field in fields.items()),
    )


def _option(name: str, field: FieldInfo) -> Option:
    kind = field.annotation
    choices = getattr(kind, "__args__", ())
    written = " | ".join(map(str, choices)) if choices else getattr(kind, "__name__", str(kind))
    return Option(name, written, field.default, field.description or "")


def _one_line(text: str) -> str:
    return " ".join(text.split())
