"""Where what is slow to make is kept between runs."""

import os
from pathlib import Path

CACHE_VARIABLE = "SYNNER_CACHE_DIR"


def cache_folder(name: str) -> Path:
    """The folder of that name in the user's cache, or in SYNNER_CACHE_DIR."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen, name)
    import pooch  # type: ignore[import-untyped]  # slow, and it alone knows the system's custom

    return Path(pooch.os_cache("synner_graph"), name)
