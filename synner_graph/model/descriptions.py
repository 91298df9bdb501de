"""What the parts say of themselves: their docstrings and options, in outline, without torch."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from synner_graph.config import EncoderConfig
from synner_graph.errors import InputError, suggest
from synner_graph.model.outline import outline
from synner_graph.parts import Description, EncoderPart, Kind, describe

ENCODER, GNN = "encoder", "gnn"
ROOMS = ("gnn", "recurrent", "heads", "parsers")


@dataclass(frozen=True)
class LayerDescription(Description):
    """A GNN layer in words.

    Attributes:
        reads_relations: Whether relation types matter to it.
        weighs_edges: Whether it can show a weight for each edge.
    """

    reads_relations: bool
    weighs_edges: bool


def describe_part(kind: str, name: str) -> Description:
    """What there is to say about a part.

    Args:
        kind: `encoder`, or a section of the settings that chooses a part.
        name: Of the part.

    Raises:
        InputError: There is no such kind, or no such part of that kind.
    """
    kinds, encoder_parts = _kinds(), _encoder_parts()
    if kind in kinds:
        part = kinds[kind].find(name)
        return describe(name, part, part.Options.model_fields)
    if kind != ENCODER:
        raise InputError(f"Unknown kind of part {kind!r}.{suggest(kind, [ENCODER, *kinds])}")
    if name not in encoder_parts:
        raise InputError(f"Unknown part of the encoder {name!r}.{suggest(name, encoder_parts)}")
    encoder_part = encoder_parts[name]
    fields = {setting: EncoderConfig.model_fields[setting] for setting in encoder_part.settings}
    return describe(name, encoder_part.encoder, fields)


def describe_parts() -> list[tuple[str, Description]]:
    """All parts, each with its kind."""
    names = [(ENCODER, name) for name in _encoder_parts()]
    names += [(section, name) for section, kind in _kinds().items() for name in kind.parts]
    return [(kind, describe_part(kind, name)) for kind, name in names]


def describe_layer(name: str) -> LayerDescription:
    """What there is to say about a GNN layer.

    Args:
        name: Of the layer; a library's has a dotted name, and is imported.

    Raises:
        InputError: The name is unknown; suggests the nearest.
    """
    layer = _kinds()[GNN].find(name)
    return LayerDescription(
        **vars(describe_part(GNN, name)),
        reads_relations=getattr(layer, "reads_relations", False),
        weighs_edges=issubclass(layer, outline("synner_graph.gnn.base", "WeightedLayer")),
    )


def describe_layers() -> list[LayerDescription]:
    """All GNN layers of this package, and `none` at the end."""
    return [describe_layer(name) for name in _kinds()[GNN].parts]


@cache
def _kinds() -> dict[str, Kind[Any]]:
    """The kinds of parts in outline, by their sections of the settings."""
    kinds = [outline(f"synner_graph.{room}", "KIND") for room in ROOMS]
    return {kind.section: kind for kind in kinds}


def _encoder_parts() -> dict[str, EncoderPart]:
    parts: dict[str, EncoderPart] = outline("synner_graph.encoders.settings", "PARTS")
    return parts
