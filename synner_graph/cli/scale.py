"""How `predict` shares its work among processes, or among actors of Ray, and into files."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from synner_graph.errors import InputError

if TYPE_CHECKING:
    from synner_graph.data.dictionary import Dictionary
    from synner_graph.text.actors import Actors
    from synner_graph.text.engine import Opener
    from synner_graph.text.workers import Workers

SHARD = 100_000
"""Texts or sentences of a shard, unless another number is asked for."""


class Engines(StrEnum):
    """What names blocks side by side."""

    processes = "processes"
    ray = "ray"


@dataclass(frozen=True)
class Scale:
    """The options of `predict` that say how its work is shared.

    Attributes:
        engine: What does the work.
        workers: Processes or actors; None for one process, or an actor for each core.
        address: Of a Ray cluster; None for this machine alone.
        shard_size: Texts or sentences of a shard; None for one file, or with Ray for SHARD.
    """

    engine: Engines = Engines.processes
    workers: int | None = None
    address: str | None = None
    shard_size: int | None = None

    @property
    def ray(self) -> bool:
        """Whether Ray does the work."""
        return self.engine == Engines.ray

    @property
    def in_shards(self) -> bool:
        """Whether the output is a folder of shards."""
        return self.ray or self.shard_size is not None

    def check(
        self, *, of_texts: bool, at_hand: bool, output: str, pretty: bool, device: str
    ) -> None:
        """Refuse what does not go with these options.

        Args:
            of_texts: Whether texts are read, and not sentences.
            at_hand: Whether the input is a file.
            output, pretty, device: As on the command line.

        Raises:
            InputError: Naming an option.
        """
        if self.address is not None and not self.ray:
            raise InputError("--address is that of a Ray cluster: add --engine ray.")
        several = (self.workers or 1) > 1
        if not (several or self.in_shards):
            return
        option = "--engine ray" if self.ray else "--shard-size" if self.in_shards else "--workers"
        if not self.in_shards and not of_texts:
            raise InputError(
                "--workers names texts, and the input holds sentences: leave it out, or have "
                "shards written by --shard-size."
            )
        if not at_hand:
            raise InputError(f"{option} needs all texts at hand: name a file of them with --input.")
        if self.in_shards and (output == "-" or pretty):
            raise InputError(
                f"{option} writes a folder of shards: name one with --output, and leave --pretty "
                "out."
            )
        if self.ray and device not in ("auto", "cpu"):
            raise InputError(f"--engine ray names on CPUs: leave --device {device} out.")

    def pool(self, open_work: "Opener", phrases: "Dictionary | None") -> "Workers | Actors | None":
        """Return what does the work side by side, for a `with` block; None if nobody else does.

        Args:
            open_work: What each worker does.
            phrases: The user's dictionary, if there is one.

        Raises:
            InputError: See `Actors`.
        """
        if self.ray:
            from synner_graph.text.actors import Actors

            return Actors(self.workers, self.address, open_work, phrases)
        if (self.workers or 1) == 1:
            return None
        from synner_graph.text.workers import Workers

        return Workers(self.workers or 1, open_work, phrases)
