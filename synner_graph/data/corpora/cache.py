"""Keep the sentences that were read in the user's cache.

A file of the cache holds one JSON line a sentence, between a line with the notes of the reading and
one with a digest of all before it. Its name is a digest of all that decides what is in it: the
content of the files that were read, how they were read, and the code that read them. So nothing in
it goes out of date, and what was not written whole is not believed. Sentences are validated anew.
"""

import gc
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from synner_graph.data.sentence import ConlluExtra, Entity, Sentence
from synner_graph.files import WriteError, cache_folder, make_folder, replacing

logger = logging.getLogger(__name__)

LAYOUT = 2
"""Of the cached files: another layout needs another number."""

Read = Callable[[list[str]], Iterable[Sentence]]
"""Gives sentences, and adds to the notes what is to be said of them."""


def cached_sentences(
    files: Sequence[Path],
    settings: Mapping[str, Any],
    read: Read,
    notes: list[str],
    enabled: bool = True,
) -> tuple[Sentence, ...]:
    """Return what `read` gives, from the cache if the same files were read the same way before.

    Args:
        files: All that `read` reads.
        settings: All else that decides what it gives; plain values.
        read: Gives the sentences and adds to the notes.
        notes: Takes the notes.
        enabled: Whether to use the cache.

    Raises:
        InputError: As `read` does.
    """
    key = _key(files, settings) if enabled else None
    with _without_collector():
        if key is not None and (found := _load(_place(key))) is not None:
            sentences, said = found
        else:
            said = []
            sentences = tuple(read(said))
            if key is not None and _key(files, settings) == key:  # else a file changed meanwhile
                _store(_place(key), sentences, said)
    notes += said
    return sentences


def _place(key: str) -> Path:
    return cache_folder("sentences") / f"{key}.jsonl"


def _key(files: Sequence[Path], settings: Mapping[str, Any]) -> str | None:
    """Return the digest that names the cached file; None if a file cannot be read twice."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([LAYOUT, _code(), settings], sort_keys=True).encode())
    for path in files:
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        except OSError:  # `read` will say it better
            return None
    return digest.hexdigest()


@cache
def _code() -> str:
    """Return a digest of the package's code for data: when it changes, files are read anew."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


def _load(path: Path) -> tuple[tuple[Sentence, ...], list[str]] | None:
    """Return what the cache holds; None if that is missing or damaged."""
    try:
        data = path.read_bytes()
        end = data.rfind(b"\n", 0, -1) + 1
        if json.loads(data[end:]) != hashlib.blake2b(data[:end]).hexdigest():
            raise ValueError("its digest is another")
        notes, *rows = json.loads(b"[" + data[: end - 1].replace(b"\n", b",") + b"]")
        return tuple(map(_sentence, rows)), notes
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        logger.info("The cached sentences in %s are damaged (%s) and read anew", path, error)
        return None


def _store(path: Path, sentences: Iterable[Sentence], notes: Sequence[str]) -> None:
    """Fill the cache. A failure only makes the next run slower."""
    digest = hashlib.blake2b()
    try:
        make_folder(path.parent)
        with replacing(path) as file:
            for row in _rows(sentences, notes):
                line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                file.write(line)
            file.write(json.dumps(digest.hexdigest()).encode() + b"\n")
    except WriteError as error:
        logger.warning("The sentences are not cached: %s", error)


def _rows(sentences: Iterable[Sentence], notes: Sequence[str]) -> Iterator[list[Any]]:
    yield list(notes)
    for sentence in sentences:
        row = [getattr(sentence, name) for name in _FIELDS]
        row[_ENTITIES] = _parts(sentence.entities)
        if sentence.candidates is not None:
            row[_CANDIDATES] = _parts(sentence.candidates)
        if sentence.extra is not None:
            row[_EXTRA] = [getattr(sentence.extra, name) for name in _EXTRA_FIELDS]
        yield row


def _parts(entities: Iterable[Entity]) -> list[tuple[int, int, str, float | None]]:
    return [(e.start, e.end, e.label, e.score) for e in entities]


def _sentence(row: list[Any]) -> Sentence:
    row[_ENTITIES] = [Entity(*entity) for entity in row[_ENTITIES]]
    if row[_CANDIDATES] is not None:
        row[_CANDIDATES] = [Entity(*entity) for entity in row[_CANDIDATES]]
    if row[_EXTRA] is not None:
        lemmas, feats, deps, misc, comments, other_lines = row[_EXTRA]
        row[_EXTRA] = ConlluExtra(
            lemmas=lemmas and tuple(lemmas),
            feats=feats and tuple(feats),
            deps=deps and tuple(deps),
            misc=misc and tuple(misc),
            comments=tuple(comments),
            other_lines=tuple((place, line) for place, line in other_lines),
        )
    return Sentence(*row)


_FIELDS = tuple(field.name for field in fields(Sentence))
_ENTITIES, _EXTRA = _FIELDS.index("entities"), _FIELDS.index("extra")
_CANDIDATES = _FIELDS.index("candidates")
_EXTRA_FIELDS = tuple(field.name for field in fields(ConlluExtra))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the garbage collector.

    Reading makes millions of objects, none of them garbage, and the collector would search them all
    again and again: a third of the time. To freeze and unfreeze them spares them the search that
    would come at once after the pause: they then count as old.
    """
    was_enabled = gc.isenabled()
    gc.collect(1)  # else garbage would count as old, too, and a model in it be kept for long
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()
