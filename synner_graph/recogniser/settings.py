"""Settings out of several places, one above the other; what no part reads is refused.

A setting that nothing reads is an error where it is given, unless a place above chooses another
part: then it is dropped, with a note.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from synner_graph.config import RunConfig, explain, load_config, nested, read_tables
from synner_graph.errors import InputError
from synner_graph.recogniser.continued import settings_of
from synner_graph.recogniser.resolve import check
from synner_graph.recogniser.unread import flatten, unread

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where settings are given.

    Attributes:
        name: As notes call it.
        tables: The settings.
        shared: They serve models of different parts, each of which takes what it reads.
    """

    name: str
    tables: Mapping[str, Any]
    shared: bool = False


def read_settings(
    path: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> RunConfig:
    """Read settings from a TOML file and dotted overrides such as `{"gnn.layers": 3}`; check them.

    Where they name a run to go on from, its settings stand below both.

    Raises:
        InputError: The file is unreadable, or a setting does not exist, is wrong or has no effect.
    """
    first = load_config(path, overrides)  # refuses what can be refused without knowing the parts
    places = [Place("the overrides", nested(overrides or {}))]
    if path is not None:
        places.insert(0, Place(str(path), read_tables(path)))
    before = first.training.from_run
    if before is not None:
        places.insert(0, Place(before, nested(settings_of(before)), shared=True))
    config, dropped = combine(places)
    for name, keys in dropped.items():
        logger.warning(
            "Dropped from %s, as the model does not read it: %s", name, ", ".join(sorted(keys))
        )
    return config


def combine(places: Sequence[Place]) -> tuple[RunConfig, dict[str, set[str]]]:
    """Combine the settings of several places and check them; a later place overrides an earlier.

    Returns:
        The settings with every option spelled out, and what was dropped from each place.

    Raises:
        InputError: A setting does not exist, is wrong, contradicts others or has no effect.
    """
    given: dict[str, Any] = {}
    refused: set[str] = set()
    for place in places:
        own = flatten(place.tables)
        given |= own
        if not place.shared:
            refused -= own.keys()
            refused |= unread(_validated(given)).keys() & own.keys()
    without_effect = unread(_validated(given))
    for key in given:
        if key in without_effect and key in refused:
            raise InputError(f"The setting {key!r} has no effect: {without_effect[key]}.")
    dropped = {
        place.name: keys
        for place in places
        if (keys := flatten(place.tables).keys() & without_effect.keys())
    }
    kept = {key: value for key, value in given.items() if key not in without_effect}
    return check(_validated(kept)), dropped


def _validated(flat: Mapping[str, Any]) -> RunConfig:
    try:
        return RunConfig.model_validate(nested(flat))
    except ValidationError as error:
        raise InputError(explain(error)) from error
