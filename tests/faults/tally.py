"""How many faults were injected, how many did no harm, and what they cost."""

import json
import os
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = "SYNNER_FAULTS"
"""The variable that names a file to which a line is added for each operation."""


@dataclass
class Tally:
    """What became of the faults of an operation.

    Attributes:
        operation: What was disturbed.
        fault: By what.
        injected: Faults.
        survived: Those after which all was as if nothing had happened.
        lost: Sentences (or cells of a study, or answers) that were missing at the end.
        doubled: Those that were there more than once.
        difference: The greatest difference between a weight after a fault and one without.
    """

    operation: str
    fault: str
    injected: int = 0
    survived: int = 0
    lost: int | None = None
    doubled: int | None = None
    difference: float | None = None

    def compare(self, expected: Iterable[Hashable], found: Iterable[Hashable]) -> None:
        """Count what is lost and what is doubled, and insist on nothing."""
        wanted, got = Counter(expected), Counter(found)
        self.lost = (self.lost or 0) + (wanted - got).total()
        self.doubled = (self.doubled or 0) + (got - wanted).total()

    def differ(self, difference: float) -> None:
        """Keep the greatest difference between weights."""
        self.difference = max(self.difference or 0.0, difference)


@contextmanager
def tally(operation: str, fault: str) -> Iterator[Tally]:
    """Count the faults of an operation, and write them down where `SYNNER_FAULTS` says so."""
    counts = Tally(operation, fault)
    try:
        yield counts
    finally:
        if RESULTS in os.environ:
            with Path(os.environ[RESULTS]).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(counts)) + "\n")
