"""Files: what is written whole or not at all, what is kept in the user's cache, what is bundled."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from synner_graph.errors import InputError

CACHE_VARIABLE = "SYNNER_CACHE_DIR"

BUNDLED = {
    "sample": ("sample", "datasets/sample"),
    "recipes": ("configs/recipes", "configs/recipes"),
}
"""Name of a bundled folder -> its place in an installed package, and in a checkout."""


class WriteError(InputError):
    """A file cannot be written."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file whole or not at all: until the block ends, the old file stays as it is.

    The content goes to a file of a temporary name in the same folder, is flushed to the disk, and
    takes the name of `path` in one move. If the block raises, nothing changes. What is no ordinary
    file (a pipe, /dev/null) is written as it is.

    Args:
        path: the file to write; its folder must exist.

    Yields:
        A file of bytes, open for writing.

    Raises:
        WriteError: The file cannot be written: no such folder, no permission, a full disk.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with draft.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync_folder(path.parent)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    """Have the disk know the new name, where the system can be told so."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cache_folder(name: str) -> Path:
    """The folder of that name in the user's cache, or in SYNNER_CACHE_DIR; it may not exist yet."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen, name)
    import pooch  # type: ignore[import-untyped]  # slow, and it alone knows the system's custom

    return Path(pooch.os_cache("synner_graph"), name)


def bundled(name: str) -> Path:
    """A folder that travels with the package: one of BUNDLED.

    Raises:
        InputError: It is missing from the installation.
    """
    package = Path(__file__).parent
    installed, checkout = BUNDLED[name]
    places = [package / installed, package.parent / checkout]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise InputError(f"expected the {name} in {places[1]}, got nothing there")
    return folder
