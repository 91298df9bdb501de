"""Files: what is written whole or not at all, what is kept in the user's cache, what is bundled."""

import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, cast

from synner_graph.errors import InputError

CACHE_VARIABLE = "SYNNER_CACHE_DIR"

BUNDLED = {
    "sample": ("sample", "datasets/sample"),
    "recipes": ("configs/recipes", "configs/recipes"),
}
"""Name of a bundled folder -> its place in an installed package, and in a checkout."""

BUFFER = 1 << 16

_drafts = count()


class WriteError(InputError):
    """A file cannot be written."""

    @classmethod
    def of(cls, path: Path | str, error: OSError) -> "WriteError":
        """One sentence for what the system said of a file."""
        return cls(f"cannot write {path}: {error.strerror or error}")


class _File(io.FileIO):
    """A file that says by its name what went wrong when it is written."""

    def write(self, data: Any, /) -> int:
        """Append bytes.

        Raises:
            WriteError: The disk is full, or the like.
        """
        with _saying(str(self.name)):
            return super().write(data)


def read_json(content: bytes | str, name: Path | str, kind: type = dict) -> Any:
    """Read JSON that somebody else may have written.

    Args:
        content: What the file holds.
        name: What errors call it.
        kind: What it must be: an object (dict) or a list.

    Raises:
        InputError: It is not JSON, or something else than `kind`.
    """
    expected = "an object" if kind is dict else "a list"
    try:
        values = json.loads(content)
    except RecursionError as error:
        raise InputError(f"{name}: expected {expected} in JSON, got it nested too deep") from error
    except ValueError as error:
        raise InputError(f"{name}: expected {expected} in JSON: {error}") from error
    if not isinstance(values, kind):
        raise InputError(f"{name}: expected {expected} in JSON, got {type(values).__name__}")
    return values


@contextmanager
def replacing(path: Path | str) -> Iterator[BinaryIO]:
    """Write a file whole or not at all: until the block ends, the old file stays as it is.

    The content goes to a file of a temporary name in the same folder, is flushed to the disk, and
    takes the name of `path` in one move. If the block raises, nothing changes. The new file has
    the permissions of the old one. A symbolic link stays, and the file that it names is replaced.
    What is no ordinary file (a pipe, /dev/null) is written as it is.

    Args:
        path: the file to write; its folder must exist.

    Yields:
        A file of bytes, open for writing.

    Raises:
        WriteError: The file cannot be written: no such folder, no permission, a full disk.
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        with _opened(target, target) as file:
            yield file
        return
    target = Path(os.path.realpath(target))
    draft = target.with_name(f".{target.name[:40]}.{os.getpid()}-{next(_drafts)}.tmp")
    try:
        with _opened(draft, path) as file:
            yield file
            with _saying(path):
                file.flush()
                os.fsync(file.fileno())
        with _saying(path):
            if target.exists():
                draft.chmod(stat.S_IMODE(target.stat().st_mode))
            draft.replace(target)
            sync(target.parent)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file whole or not at all: see `replacing`.

    Raises:
        WriteError: The file cannot be written.
    """
    with replacing(path) as file:
        file.write(content)


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8, whole or not at all, with the line ends that the text has: see `replacing`.

    Raises:
        WriteError: The file cannot be written.
    """
    write_bytes(path, text.encode())


class StandardOutput:
    """Standard output, as a stream of bytes."""

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            WriteError: It cannot be written.
            BrokenPipeError: Nobody reads it any more.
        """
        with _saying("standard output"):
            sys.stdout.buffer.write(data)

    def flush(self) -> None:
        """Hand on what is held back.

        Raises:
            WriteError: It cannot be written.
            BrokenPipeError: Nobody reads it any more.
        """
        with _saying("standard output"):
            sys.stdout.flush()
            sys.stdout.buffer.flush()


@contextmanager
def growing(path: Path | str, mode: str = "wb") -> Iterator[BinaryIO]:
    """A file that grows in place, where a reader may watch it or a later program go on with it.

    Args:
        path: the file; its folder must exist.
        mode: wb to begin anew, ab to append, r+b to go on in the middle.

    Yields:
        A file of bytes; when the block ends without an error it is on the disk.

    Raises:
        WriteError: The file cannot be written.
    """
    with _opened(path, path, mode) as file:
        yield file
        with _saying(path):
            file.flush()
            if Path(path).is_file():
                os.fsync(file.fileno())


def move(source: Path | str, target: Path | str) -> None:
    """Give a file, in one step, the name of another, which it replaces; a link there stays.

    Raises:
        WriteError: It cannot be moved there.
    """
    place = Path(os.path.realpath(target))
    with _saying(target):
        os.replace(source, place)
        sync(place.parent)


def make_folder(path: Path | str) -> Path:
    """The folder, made with its parents where it is missing.

    Raises:
        WriteError: It cannot be made.
    """
    folder = Path(path)
    with _saying(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def same_file(one: Path | str, other: Path | str) -> bool:
    """Whether two paths name the same file, also by links; where one is missing, they do not."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def sync(path: Path) -> None:
    """Have the disk know a file, or the names in a folder, where the system can be told so."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _saying(path: Path | str) -> Iterator[None]:
    """Say in one sentence which file could not be written."""
    try:
        yield
    except BrokenPipeError:  # who reads has seen enough, and nothing is wrong
        raise
    except OSError as error:
        raise WriteError.of(path, error) from error


@contextmanager
def _opened(place: Path | str, path: Path | str, mode: str = "wb") -> Iterator[BinaryIO]:
    """A buffered file at `place`, which errors call `path`."""
    with _saying(path):
        raw = _File(place, mode)
    raw.name = str(path)
    buffered = (io.BufferedRandom if "+" in mode else io.BufferedWriter)(raw, BUFFER)
    try:
        yield cast(BinaryIO, buffered)
    except BaseException:
        raw.close()  # what the buffer still holds is lost with the block that failed
        raise
    with _saying(path):
        buffered.close()


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
