"""A folder whose files change together, or not at all: a redo log, and a manifest of digests.

A save stages every new file in `.save/` and then, by one rename, `.save/manifest.json`. From that
moment the save counts. It is carried out afterwards: each file moves to its place, what the state
before had and the new one has not is removed, and the manifest moves last. A process killed on the
way leaves either the state before (without `.save/manifest.json`) or the new one, some files of
which still lie in `.save/`: readers look there first, so that they never see a mixture, and the
next save carries out what is left.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from synner_graph.errors import InputError
from synner_graph.files import (
    WriteError,
    make_folder,
    read_json,
    replacing,
    sync,
    write_bytes,
)

MANIFEST = "manifest.json"
STAGING = ".save"
REMOVED = "removed.json"
FORMAT = 1


@dataclass(frozen=True)
class Stamp:
    """What a manifest says of a file.

    Attributes:
        size: Bytes.
        sha256: Digest of its content, in hexadecimal.
    """

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> "Stamp":
        """Make the stamp of a file's content."""
        return cls(len(content), hashlib.sha256(content).hexdigest())

    def complaint(self, content: bytes) -> str | None:
        """Say how a file's content differs from this stamp; None where it does not."""
        if len(content) != self.size:
            return f"expected {self.size:,} bytes, got {len(content):,}"
        if hashlib.sha256(content).hexdigest() != self.sha256:
            return "its SHA-256 differs"
        return None


@dataclass(frozen=True)
class Manifest:
    """What a folder holds.

    Attributes:
        files: Name -> stamp; the names have `/` between folders.
        others: Names of files that belong to it and may change, or be missing.
    """

    files: dict[str, Stamp]
    others: tuple[str, ...] = ()

    @property
    def names(self) -> set[str]:
        """All names but that of the manifest."""
        return {*self.files, *self.others}

    def to_json(self) -> bytes:
        """Return the content of the manifest's file."""
        files = {
            name: {"size": stamp.size, "sha256": stamp.sha256}
            for name, stamp in sorted(self.files.items())
        }
        values = {"format": FORMAT, "files": files, "others": sorted(self.others)}
        return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, path: Path) -> "Manifest":
        """Read what `to_json` gave.

        Raises:
            InputError: It is no manifest, or one of a later version.
        """
        try:
            values = read_json(content, "its content")
        except InputError as error:
            raise InputError(f"{path} is not the manifest of a run: {error}") from error
        try:
            if values["format"] != FORMAT:
                raise InputError(
                    f"{path} has format {values['format']}; this version of synner_graph reads "
                    f"format {FORMAT}."
                )
            files = {
                _inside(name): Stamp(int(stamp["size"]), str(stamp["sha256"]))
                for name, stamp in values["files"].items()
            }
            return cls(files, tuple(map(_inside, values["others"])))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{path} is not the manifest of a run: {error}") from error


def _inside(name: str) -> str:
    """Return a name if it stays inside its folder: a foreign manifest must not reach out of it."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"the name {name!r} leads out of the folder")
    return name


class Transaction:
    """The state of a folder, to read and to replace.

    Args:
        folder: The folder; it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staging = folder / STAGING

    def manifest(self) -> Manifest | None:
        """Read what the folder holds, after a save that counts, even if it is not carried out yet.

        Raises:
            InputError: The manifest cannot be read.
        """
        for place in (self.staging, self.folder):
            content = _content(place / MANIFEST, self.folder)
            if content is not None:
                return Manifest.from_json(content, place / MANIFEST)
        return None

    def digest(self) -> str | None:
        """Return the SHA-256 of the manifest, in hexadecimal; None where there is none.

        Raises:
            InputError: The manifest cannot be read.
        """
        manifest = self.manifest()
        return None if manifest is None else hashlib.sha256(manifest.to_json()).hexdigest()

    def read(self, name: str) -> bytes | None:
        """Read the content of a file; None where there is none.

        Raises:
            InputError: It cannot be read.
        """
        if (self.staging / MANIFEST).is_file():
            content = _content(self.staging / name, self.folder)
            if content is not None:
                return content
        return _content(self.folder / name, self.folder)

    def save(self, files: Mapping[str, bytes], manifest: Manifest, removed: Iterable[str]) -> None:
        """Write files and manifest in one step.

        Args:
            files: Name -> content, of all that is new.
            manifest: Of the new state.
            removed: Names of files that the state before has and the new one lacks.

        Raises:
            WriteError: A file cannot be written. The state before still counts, unless the save
                was complete already.
        """
        self.settle()
        try:
            make_folder(self.staging)
            for name, content in files.items():
                make_folder((self.staging / name).parent)
                write_bytes(self.staging / name, content)
            write_bytes(self.staging / REMOVED, json.dumps(sorted(removed)).encode())
            with replacing(self.staging / MANIFEST) as file:
                file.write(manifest.to_json())
        except InputError:
            if not (self.staging / MANIFEST).is_file():
                shutil.rmtree(self.staging, ignore_errors=True)
            raise
        self.settle()

    def settle(self) -> None:
        """Carry out a save that counts; clear away one that does not.

        Raises:
            WriteError: A file cannot be moved or removed.
            InputError: The manifest of the save cannot be read.
        """
        _check_stays(self.staging, self.folder)
        if not self.staging.is_dir():
            return
        try:
            content = _content(self.staging / MANIFEST, self.folder)
            if content is not None:
                self._carry_out(Manifest.from_json(content, self.staging / MANIFEST))
            shutil.rmtree(self.staging)
        except OSError as error:
            raise WriteError.of(error.filename or self.folder, error) from error

    def _carry_out(self, manifest: Manifest) -> None:
        touched = {self.folder}
        for name in manifest.names:
            place = self.folder / name
            if (self.staging / name).is_file():
                _check_stays(place.parent, self.folder)
                touched.add(place.parent)
                place.parent.mkdir(parents=True, exist_ok=True)
                (self.staging / name).replace(place)
        listed = _content(self.staging / REMOVED, self.folder) or b"[]"
        removed = read_json(listed, self.staging / REMOVED, list)
        try:
            gone = [self.folder / _inside(name) for name in removed if name not in manifest.names]
        except (TypeError, ValueError) as error:
            raise InputError(f"{self.staging / REMOVED} names no files: {error}") from error
        for place in gone:
            _check_stays(place.parent, self.folder)
            place.unlink(missing_ok=True)
        for parent in {place.parent for place in gone} - {self.folder}:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        for folder in touched:
            sync(folder)
        os.replace(self.staging / MANIFEST, self.folder / MANIFEST)
        sync(self.folder)


def _check_stays(path: Path, folder: Path) -> None:
    """Refuse a link out of a folder.

    A folder that somebody else has packed must not lead out of itself: what is read in it is shown,
    copied and published, and what is written to it must not land elsewhere. The hub's cache alone
    keeps content outside, beside its snapshots.

    Raises:
        InputError: The path leads out.
    """
    home, place = folder.resolve(), path.resolve()
    blobs = home.parent.with_name("blobs") if home.parent.name == "snapshots" else home
    if not (place.is_relative_to(home) or place.is_relative_to(blobs)):
        raise InputError(f"{path} is a link out of the folder {folder}, to {place}: remove it.")


def _content(path: Path, folder: Path) -> bytes | None:
    """Read a file of a folder; None where there is none.

    Raises:
        InputError: It cannot be read, is no ordinary file, or a link leads out of the folder.
    """
    _check_stays(path, folder)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"cannot read {path}: it is no ordinary file")
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
