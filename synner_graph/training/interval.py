"""How often a checkpoint is written within an epoch: after some steps, or some time."""

import re
from dataclasses import dataclass

from synner_graph.errors import InputError

SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Interval:
    """How often a checkpoint is written within an epoch.

    Attributes:
        steps: Steps between two checkpoints; None where time decides.
        seconds: Seconds between two checkpoints; None where steps decide.
    """

    steps: int | None = None
    seconds: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Interval":
        """Read an interval: `200` (steps), `90s`, `5m` or `1h`.

        Raises:
            InputError: The text is none of these.
        """
        found = re.fullmatch(r"0*([1-9][0-9]*)([smh]?)", text.strip(), flags=re.ASCII)
        if found is None:
            raise InputError(
                "expected a number of steps, such as 200, or a time, such as 90s, 5m or 1h, for "
                f"--checkpoint-every, got {text!r}"
            )
        number, unit = int(found[1]), found[2]
        return cls(seconds=number * SECONDS[unit]) if unit else cls(steps=number)
