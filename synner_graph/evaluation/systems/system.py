"""What is known of a system, and how it is read."""

from dataclasses import dataclass, field

from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.sentence import Entity

Found = tuple[tuple[Entity, ...], ...]
"""The entities of every sentence."""


@dataclass(frozen=True)
class System:
    """What a system found in the sentences that it was given.

    Attributes:
        name: The path that it was read from.
        entities: Of every sentence, sorted.
        candidates: Of every sentence, the spans that may be entities with their probabilities;
            None where the system does not say.
        notes: What was changed while reading.
    """

    name: str
    entities: Found
    candidates: Found | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Runtime:
    """How a run folder names sentences.

    Attributes:
        parser: Where trees come from, as in `load_parser`; None for those of the sentences.
        candidates: The least probability of a candidate; None where none are wanted.
    """

    backend: str = "auto"
    device: str = "auto"
    kernel: str = "auto"
    batch_size: int = BATCH_SIZE
    parser: str | None = None
    candidates: float | None = None


@dataclass(frozen=True)
class SystemOptions:
    """How a system is read; see `read_system`."""

    format: str
    scheme: str | None = None
    repair: bool = False
    runtime: Runtime = field(default_factory=Runtime)
