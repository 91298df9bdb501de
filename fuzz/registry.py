"""All targets by name."""

from fuzz import formats, programs, readers
from fuzz.targets import Target


def all_targets() -> dict[str, Target]:
    """Return what reads bytes and what takes long."""
    return formats.targets() | readers.targets() | programs.targets()
