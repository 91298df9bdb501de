"""Find a run by what people call it: a folder, an installed package, a repository on the hub."""

import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from synner_graph.errors import InputError, suggest
from synner_graph.recogniser.run_folder import RunFolder

GROUP = "synner_graph.runs"
"""The entry points of packages with a run inside: name of the package = its module."""

INSIDE = "run"
"""The folder of the run in the module of such a package."""


def find_run(source: Path | str) -> RunFolder:
    """Find the folder of a run.

    A folder of that name comes first, then an installed package, then a repository on the hub,
    `user/name`, which is fetched.

    Raises:
        InputError: There is none of them.
    """
    name, folder = str(source), Path(source)
    if not folder.is_dir():
        if folder.exists():
            raise InputError(f"There is no run folder {name!r}: it is a file.")
        if re.fullmatch(r"[\w.-]*\w", name) and not name.startswith("."):
            folder = _installed(name)
        elif name.count("/") != 1 or name.startswith((".", "/")):
            raise InputError(f"There is no run folder {name!r}.")
        else:
            folder = _fetched(name)
    return RunFolder(folder)


def _installed(name: str) -> Path:
    """Return the folder of the run in an installed package; case, `-`, `_` and `.` do not count."""
    known = {_plain(point.name): point for point in entry_points(group=GROUP)}
    point = known.get(_plain(name))
    if point is None:
        hint = suggest(_plain(name), known) if known else ""
        raise InputError(f"There is no run folder {name!r}, and no installed run of it.{hint}")
    spec = find_spec(point.module)
    if spec is None or spec.origin is None:
        raise InputError(f"The package {point.name} is damaged: it has no module {point.module}.")
    return Path(spec.origin).parent / INSIDE


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _fetched(name: str) -> Path:
    """Return the folder of a repository on the hub, fetched unless it is at hand."""
    from huggingface_hub import snapshot_download  # slow
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"{name!r} is neither a run folder nor a reachable hub repository."
        ) from error
