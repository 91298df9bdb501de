"""The options that say how corpora and files are read, in one bundle."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from synner_graph.cli import options
from synner_graph.cli.bundles import Command, unfold


@dataclass(frozen=True)
class Reading:
    """How a command reads its sentences; each field is an option of the same name."""

    data_dir: options.DataDir = None
    format: options.Format = None
    scheme: options.Scheme = None
    repair: options.Repair = False
    multiple_roots: options.MultipleRoots = False
    features: options.Features = None
    no_cache: options.NoCache = False

    def settings(self) -> dict[str, Any]:
        """Return the settings of the section `data` that the user gave, by name."""
        settings = {
            "data_dir": self.data_dir,
            "format": self.format,
            "scheme": self.scheme,
            "repair": self.repair or None,
            "multiple_roots": self.multiple_roots or None,
            "cache": False if self.no_cache else None,
        }
        return {name: value for name, value in settings.items() if value is not None}


AS_USUAL = Reading()


def reads(*without: str) -> Callable[[Command], Command]:
    """Give a command the options of `Reading` in place of its parameter `reading`.

    Args:
        without: Fields that are no option of this command and keep their default.
    """
    return unfold("reading", Reading, *without)
