"""Word vectors in text form, GloVe's and fastText's: streamed, filtered, cached.

A line is a word and its numbers, with single spaces between; a line of two integers may come first
(fastText), how many vectors there are and how wide. The file may be compressed with gzip.
"""

import gzip
import hashlib
import json
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from synner_graph.errors import InputError
from synner_graph.files import WriteError, cache_folder, make_folder, write_bytes

logger = logging.getLogger(__name__)

LONGEST_LINE = 1 << 20

LAYOUT = b"synner_graph vectors 1"
"""Part of the cache's key: another layout of the cached files needs another number."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """The vectors of the words asked for.

    Attributes:
        rows: Row of each word in `matrix`.
        matrix: Float32. *Shape:* [words, size]
    """

    rows: dict[str, int]
    matrix: NDArray[np.float32]

    @property
    def size(self) -> int:
        """Width of a vector."""
        return int(self.matrix.shape[1])

    def __contains__(self, word: str) -> bool:
        """Say whether a word has a vector."""
        return word in self.rows


def read_vectors(path: Path, words: Collection[str]) -> WordVectors:
    """Read the vectors of words from a file, or from the cache if they were asked for before.

    The cache goes by the content of the file and the words, not by names and dates.

    Raises:
        InputError: The file cannot be read, or a line of it is none.
    """
    try:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "blake2b").digest()
    except OSError as error:
        raise InputError(f"Cannot read the word vectors in {path}: {error.strerror}.") from error
    key = hashlib.blake2b(LAYOUT + content, digest_size=16)
    for word in sorted(words):
        key.update(word.encode() + b"\n")
    cached = cache_folder("vectors") / f"{key.hexdigest()}.safetensors"
    found = _load(cached)
    if found is None:
        found = parse_vectors(path, words)
        _store(found, cached)
    return found


def parse_vectors(path: Path, words: Collection[str]) -> WordVectors:
    """Read the vectors of words line by line; the first line of a word counts.

    Raises:
        InputError: The file cannot be read, or a line of it is none.
    """
    wanted = {word.encode(): word for word in words}
    rows: dict[str, int] = {}
    vectors: list[NDArray[np.float32]] = []
    size = promised = count = 0
    with _opened(path) as lines:
        # A compressed file may hold a line that fills the memory; no vector is that long.
        parts = iter(lambda: lines.readline(LONGEST_LINE), b"")
        for number, line in enumerate(parts, start=1):
            line = line.rstrip(b" \r\n")
            spaces = line.count(b" ")
            if number == 1:
                header = line.split(b" ")
                if len(header) == 2 and all(part.isdigit() and len(part) < 19 for part in header):
                    promised, size = map(int, header)
                    continue
            size = size or spaces
            if spaces != size or size == 0:
                _check_width(path, number, line, size)
            count += 1
            word, _, numbers = line.partition(b" ")
            # GloVe has a few entries with spaces inside, and no token is one.
            if spaces == size and (name := wanted.pop(word, None)) is not None:
                rows[name] = len(vectors)
                vectors.append(_numbers(path, number, numbers))
    if size == 0 or count == 0:
        raise InputError(f"{path} holds no word vectors.")
    if promised not in (0, count):
        logger.warning("%s promises %d vectors and has %d", path, promised, count)
    matrix = np.stack(vectors) if vectors else np.zeros((0, size), dtype=np.float32)
    return WordVectors(rows, matrix)


def _check_width(path: Path, number: int, line: bytes, size: int) -> None:
    """Check that a line is a vector of that width, or that of an entry with spaces."""
    parts = line.split(b" ")
    surplus = parts[1 : len(parts) - size] if size > 0 else []
    if not surplus or any(_is_number(part) for part in surplus):
        found = max(len(parts) - 1, 0)
        raise InputError(
            f"{path}:{number}: expected a word and {size or 'its'} numbers, got {found} after "
            f"{parts[0].decode(errors='replace')!r}"
        )


def _numbers(path: Path, number: int, text: bytes) -> NDArray[np.float32]:
    try:
        vector = np.array(text.split(b" "), dtype=np.float32)
    except ValueError as error:
        raise InputError(f"{path}:{number}: expected numbers after the word: {error}") from error
    if not np.isfinite(vector).all():
        raise InputError(f"{path}:{number}: expected finite numbers after the word")
    return vector


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    """Read the lines of a file, compressed or not."""
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if compressed else path.open("rb") as lines:
            yield cast(BufferedIOBase, lines)
    except (OSError, EOFError) as error:
        raise InputError(f"Cannot read the word vectors in {path}: {error}") from error


def _load(path: Path) -> WordVectors | None:
    """Return what the cache holds; None if that is missing or damaged."""
    try:
        with safe_open(path, framework="np") as file:
            names = json.loads(file.metadata()["words"])
            matrix = file.get_tensor("vectors")
    except (OSError, SafetensorError):
        return None
    return WordVectors({name: row for row, name in enumerate(names)}, matrix)


def _store(vectors: WordVectors, path: Path) -> None:
    """Fill the cache. A failure only makes the next run slower."""
    names = json.dumps(list(vectors.rows))
    try:
        make_folder(path.parent)
        write_bytes(path, save({"vectors": vectors.matrix}, metadata={"words": names}))
    except WriteError as error:
        logger.warning("The word vectors are not cached: %s", error)
