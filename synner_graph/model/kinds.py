"""Every kind of swappable part, by its section of the settings."""

from typing import Any

from synner_graph import gnn, heads, parsers, recurrent
from synner_graph.config import EncoderConfig
from synner_graph.encoders.settings import PARTS
from synner_graph.errors import InputError, suggest
from synner_graph.parts import Description, Kind, describe

KINDS: dict[str, Kind[Any]] = {
    kind.section: kind for kind in (gnn.KIND, recurrent.KIND, heads.KIND, parsers.KIND)
}
ENCODER = "encoder"


def describe_part(kind: str, name: str) -> Description:
    """What there is to say about a part.

    Args:
        kind: `encoder`, or a name of KINDS.
        name: Of the part.

    Raises:
        InputError: There is no such kind, or no such part of that kind.
    """
    if kind in KINDS:
        part = KINDS[kind].find(name)
        return describe(name, part, part.Options.model_fields)
    if kind != ENCODER:
        raise InputError(f"Unknown kind of part {kind!r}.{suggest(kind, [ENCODER, *KINDS])}")
    if name not in PARTS:
        raise InputError(f"Unknown part of the encoder {name!r}.{suggest(name, PARTS)}")
    fields = {setting: EncoderConfig.model_fields[setting] for setting in PARTS[name].settings}
    return describe(name, PARTS[name].encoder, fields)


def describe_parts() -> list[tuple[str, Description]]:
    """All parts, each with its kind."""
    names = [(ENCODER, name) for name in PARTS]
    names += [(section, name) for section, kind in KINDS.items() for name in kind.parts]
    return [(kind, describe_part(kind, name)) for kind, name in names]
