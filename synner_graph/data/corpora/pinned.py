"""Find or download files that are pinned to a commit on GitHub, and verify them."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from synner_graph.errors import InputError
from synner_graph.files import cache_folder, make_folder, write_bytes

DATA_DIR_VARIABLE = "SYNNER_DATA_DIR"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file of one commit.

    Attributes:
        repository: `owner/name` on GitHub; the name is also the file's folder on disk.
        blob: The git blob id of its content, or empty where only the next is known.
        sha256: The SHA-256 of its content.
    """

    repository: str
    commit: str
    name: str
    blob: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        """Require a checksum."""
        assert self.blob or self.sha256

    @property
    def url(self) -> str:
        """The address to download it from."""
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{self.name}"

    @property
    def path(self) -> Path:
        """Its path in a corpus folder."""
        return Path(self.repository.split("/")[1], self.name)

    @property
    def kind(self) -> str:
        """The kind of its checksum."""
        return "git blob" if self.blob else "SHA-256"

    @property
    def checksum(self) -> str:
        """The checksum that its content must have."""
        return self.blob or self.sha256

    def checksum_of(self, content: bytes) -> str:
        """Return the checksum of a content, of the same kind."""
        return git_blob_id(content) if self.blob else hashlib.sha256(content).hexdigest()


def git_blob_id(content: bytes) -> str:
    """Return git's id of a file: SHA-1 of `blob <size>`, a zero byte and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def data_folder(data_dir: Path | None) -> Path | None:
    """Return the folder that holds corpora: the one given, else SYNNER_DATA_DIR."""
    variable = os.environ.get(DATA_DIR_VARIABLE)
    return data_dir if data_dir is not None or not variable else Path(variable)


def find_folder(name: str, data_dir: Path | None) -> Path | None:
    """Find the folder of a corpus in `data_dir`, else in SYNNER_DATA_DIR; None if it is in neither.

    Raises:
        InputError: `data_dir` is given and does not hold it.
    """
    if data_dir is not None:
        folder = Path(data_dir, name)
        if not folder.is_dir():
            raise InputError(f"expected the folder {folder}, got none there")
        return folder
    place = data_folder(None)
    return place / name if place is not None and (place / name).is_dir() else None


def cached(file: PinnedFile, corpus: str) -> Path:
    """Return the path that a file of a corpus has in the user's cache."""
    return cache_folder(corpus) / file.path


def fetch(file: PinnedFile, corpus: str) -> Path:
    """Return the path of a file in the user's cache; download it unless it is there as pinned.

    Raises:
        InputError: It cannot be downloaded or kept, or what comes is not the pinned file.
    """
    path = cached(file, corpus)
    if path.is_file() and file.checksum_of(path.read_bytes()) == file.checksum:
        return path
    content = _download(file, corpus, path)
    got = file.checksum_of(content)
    if got != file.checksum:
        raise InputError(f"expected {file.url} to be {file.kind} {file.checksum}, got {got}")
    make_folder(path.parent)
    write_bytes(path, content)
    return path


def _download(file: PinnedFile, corpus: str, path: Path) -> bytes:
    import pooch  # type: ignore[import-untyped]  # slow; not needed where the files are at hand

    pooch.get_logger().info("Downloading %s to %s", file.url, path)
    try:
        with TemporaryDirectory() as folder:
            draft = Path(folder, path.name)
            pooch.HTTPDownloader(timeout=30)(file.url, str(draft), None)
            return draft.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot download {file.url} ({type(error).__name__}): connect to the network, or give "
            f"the folder that holds {Path(corpus, file.path)} by --data-dir or "
            f"{DATA_DIR_VARIABLE}"
        ) from error
