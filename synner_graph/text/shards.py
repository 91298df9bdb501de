"""Shards: an output in many files, which are written whole, listed, and never written twice.

    FOLDER/
      shard-000001.jsonl  the first stretch of the output
      shard-000002.jsonl  the next one
      manifest.json       settings; size and SHA-256 of each shard, and of what was read for it
      .lock               there while a program writes to the folder

All shards, joined by their names, are the file that one process writes.
"""

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from filelock import FileLock, Timeout

from synner_graph.errors import InputError
from synner_graph.files import make_folder, read_json, replacing, write_text
from synner_graph.text.engine import Engine

MANIFEST = "manifest.json"
LOCK = ".lock"
FORMAT = 1
NAME = re.compile(r"shard-([0-9]{6,12})\.[\w-]+")


class Block(Protocol):
    """Texts or sentences that are named together; the work gives `Written` for it."""

    @property
    def size(self) -> int:
        """How many it has."""

    @property
    def position(self) -> int:
        """Bytes of the source up to its end; 0 where they are not known."""

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was read."""


@dataclass(frozen=True)
class Plan:
    """What all shards of a folder have in common.

    Attributes:
        format: That of the output, which is the suffix of its files.
        size: Texts or sentences of a shard, rounded up to whole blocks.
        settings: What else the output follows from, as JSON has it.
        header: What the first shard begins with.
    """

    format: str
    size: int
    settings: Mapping[str, Any]
    header: bytes = b""

    def name(self, number: int) -> str:
        """Return the name of a shard; the first has number 1."""
        return f"shard-{number:06d}.{self.format}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"output_format": self.format, "shard_size": self.size, **self.settings}


@dataclass(frozen=True)
class Shard:
    """A shard that is written.

    Attributes:
        rows: Texts or sentences in it.
        bytes: Its size.
        sha256: Of its content.
        input: SHA-256 of what was read for it.
    """

    rows: int
    bytes: int
    sha256: str
    input: str

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Shard":
        """Inverse of `asdict`.

        Raises:
            TypeError: A field is missing, unknown, or of another type.
        """
        shard = cls(**{name: value for name, value in values.items() if name != "name"})
        if not (isinstance(shard.rows, int) and isinstance(shard.bytes, int)):
            raise TypeError("expected whole numbers of rows and bytes")
        return shard


class _Placed(NamedTuple):
    """A block and its place.

    Attributes:
        number: That of its shard.
        block: The block.
        rows: Texts or sentences of the shard up to its end.
        input: SHA-256 of what was read for the shard up to its end.
    """

    number: int
    block: Block
    rows: int
    input: str


def write_shards(
    engine: Engine,
    blocks: Iterable[Block],
    folder: Path,
    plan: Plan,
    resume: bool = False,
    done: Callable[[int], None] = lambda position: None,
) -> int:
    """Write blocks into the shards of a folder; a shard is there whole or not at all.

    Args:
        engine: Gives `Written` for each block.
        blocks: All of the input, in order.
        folder: Made if it is missing.
        plan: What the shards are like.
        resume: Keep the shards that are there already, and write those that are missing.
        done: Called with the bytes of the source that are done with.

    Returns:
        Texts with lone surrogates, for which U+FFFD was written.

    Raises:
        InputError: The folder holds something else, was written from another input or with other
            options, or another program writes to it; or see `Engine.map`.
        WriteError: The folder cannot be written to.
    """
    with _locked(make_folder(folder)):
        shards = _Shards(folder, plan, resume)
        left = shards.without_kept(_placed(blocks, plan.size), done)
        results = engine.map(left, lambda placed: placed.block)
        replaced = 0
        for number, rows in groupby(results, lambda result: result[0].number):
            replaced += shards.write(number, rows, done)
        shards.finish()
    return replaced


def _placed(blocks: Iterable[Block], size: int) -> Iterator[_Placed]:
    """Give each block its place in the shards."""
    number, rows, digest = 1, 0, hashlib.sha256()
    for block in blocks:
        rows += block.size
        digest.update(block.digest)
        yield _Placed(number, block, rows, digest.hexdigest())
        if rows >= size:
            number, rows, digest = number + 1, 0, hashlib.sha256()


class _Shards:
    """The shards of a folder, while they are written.

    Args:
        folder: It is there.
        plan: What they are like.
        resume: Whether to go on with what is there.

    Raises:
        InputError: The folder holds something else.
        WriteError: It cannot be written to.
    """

    def __init__(self, folder: Path, plan: Plan, resume: bool) -> None:
        self.folder = folder
        self.plan = plan
        self.known: dict[int, Shard] = {}
        self.was_finished = False
        if {path.name for path in folder.iterdir() if not path.name.startswith(".")}:
            if not resume:
                raise InputError(
                    f"The folder {folder} is not empty: go on with it by --resume, or name another."
                )
            self.known = self._read()
        for kind in ("shard-", MANIFEST):
            for draft in folder.glob(f".{kind}*.tmp"):  # of a program that was killed
                draft.unlink(missing_ok=True)
        self.kept = {n: shard for n, shard in self.known.items() if self._is_whole(n, shard)}
        if not self.known:
            self._save()

    def without_kept(
        self, placed: Iterable[_Placed], done: Callable[[int], None]
    ) -> Iterator[_Placed]:
        """Yield the blocks whose shards are missing; compare the others with what was read then."""
        number = 0
        for number, blocks in groupby(placed, lambda place: place.number):
            if number not in self.kept:
                if self.was_finished and number not in self.known:
                    self._refuse()
                yield from blocks
                continue
            [last] = deque(blocks, maxlen=1)
            self._compare(number, last)
            done(last.block.position)
        if any(known > number and shard.rows for known, shard in self.known.items()):
            self._refuse()

    def write(
        self, number: int, results: Iterable[tuple[_Placed, Any]], done: Callable[[int], None]
    ) -> int:
        """Write a shard; return the texts in which something was replaced."""
        digest, size, replaced = hashlib.sha256(), 0, 0
        with replacing(self.folder / self.plan.name(number)) as file:

            def write(content: bytes) -> None:
                nonlocal size
                file.write(content)
                digest.update(content)
                size += len(content)

            if number == 1:
                write(self.plan.header)
            for last, written in results:
                write(written.content)
                replaced += written.replaced
                done(last.block.position)
            self._compare(number, last)
        self.kept[number] = Shard(last.rows, size, digest.hexdigest(), last.input)
        self._save()
        return replaced

    def finish(self) -> None:
        """Say that all is written; an empty input has one shard with the header alone."""
        if not self.kept:
            content = self.plan.header
            with replacing(self.folder / self.plan.name(1)) as file:
                file.write(content)
            digest = hashlib.sha256(content).hexdigest()
            self.kept[1] = Shard(0, len(content), digest, hashlib.sha256().hexdigest())
        self._save(finished=True)

    def _compare(self, number: int, last: _Placed) -> None:
        """Compare what was read for a shard, up to its last block, with what was read before."""
        known = self.known.get(number)
        if known is not None and (known.rows, known.input) != (last.rows, last.input):
            self._refuse()

    def _refuse(self) -> None:
        raise InputError(f"{self.folder} cannot be continued: it was written from another input.")

    def _is_whole(self, number: int, shard: Shard) -> bool:
        path = self.folder / self.plan.name(number)
        if not path.is_file() or path.stat().st_size != shard.bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == shard.sha256

    def _read(self) -> dict[int, Shard]:
        path = self.folder / MANIFEST
        if not path.is_file():
            raise InputError(f"{self.folder} holds no shards: it has no {MANIFEST}.")
        values = read_json(path.read_bytes(), path)
        if (version := values.get("version")) != FORMAT:
            raise InputError(f"{path}: expected version {FORMAT}, got {_told(version)}")
        try:
            shards = {_number(row["name"]): Shard.from_json(row) for row in values["shards"]}
            settings = {**values["settings"]}
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} does not list shards: {error!r}") from error
        wanted = self.plan.to_json()
        for key in sorted(settings.keys() | wanted.keys()):
            if (old := settings.get(key)) != (new := wanted.get(key)):
                raise InputError(
                    f"{self.folder} cannot be continued: it was written with {key} {_told(old)}, "
                    f"and not {_told(new)}."
                )
        self.was_finished = values.get("finished") is True
        return shards

    def _save(self, finished: bool = False) -> None:
        rows = [{"name": self.plan.name(n), **asdict(s)} for n, s in sorted(self.kept.items())]
        values = {
            "version": FORMAT,
            "finished": finished,
            "rows": sum(shard.rows for shard in self.kept.values()),
            "settings": self.plan.to_json(),
            "shards": rows,
        }
        text = json.dumps(values, ensure_ascii=False, indent=1)
        write_text(self.folder / MANIFEST, f"{text}\n")


def _number(name: str) -> int:
    """Return the number in the name of a shard.

    Raises:
        TypeError: It is no such name.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise TypeError("expected the name of a shard")
    return int(match[1])


def _told(value: Any) -> str:
    """Return a setting for a message: what is nested deep has no `repr`."""
    plain = value is None or isinstance(value, (str, int, float))
    return repr(value) if plain else type(value).__name__


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep every other program from writing to the folder."""
    lock = FileLock(folder / LOCK, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(f"Another program is writing to {folder}.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
