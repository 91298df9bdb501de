"""What is fuzzed: functions that read bytes, each of which may refuse them in one sentence only.

A target takes the input and a folder that is its own, and returns normally or raises InputError.
Whatever else leaves it is a finding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synner_graph.errors import InputError, message_line

Run = Callable[[bytes, Path], None]


@dataclass(frozen=True)
class Target:
    """A function to fuzz.

    Attributes:
        run: Reads the input; it may raise InputError.
        seeds: Gives inputs to begin with, valid ones among them.
        longest: Greatest length of an input, in bytes.
        timed: Whether it is run for a time, because one input takes long, and not for a number.
    """

    run: Run
    seeds: Callable[[], list[bytes]]
    longest: int = 4096
    timed: bool = False


class Unequal(AssertionError):
    """What was read, written and read again is not what was read first."""


def accepts(target: Target, data: bytes, folder: Path) -> bool:
    """Return whether a target takes an input; False where it refuses it as it should.

    Raises:
        Exception: Any other than InputError: a finding.
    """
    try:
        target.run(data, folder)
    except InputError as error:
        said = message_line(str(error))
        if not said.strip():
            raise AssertionError("it is refused without a word") from error
        said.encode()  # as a terminal gets it
        return False
    return True
