"""Every kind of swappable part, by its section of the settings."""

from typing import Any

from synner_graph import gnn, heads, parsers, recurrent
from synner_graph.parts import Kind

KINDS: dict[str, Kind[Any]] = {
    kind.section: kind for kind in (gnn.KIND, recurrent.KIND, heads.KIND, parsers.KIND)
}
