"""The run folder: every file name in it, how it is loaded, saved, replaced, locked.

    RUN/
      model.safetensors  weights             manifest.json  sizes and SHA-256 of all files
      config.json        architecture        metrics.json   scores, settings, versions
      vocabulary.json    what it can name    README.md      a model card
      parser.json        where trees come from
      calibration.json   temperature         train.log      what training said
      precision.json     F1 of dev in each precision of the transformer
      encoder/           configuration and tokenizer of the transformer
      .training/         log and checkpoints of a training that goes on, or was broken off
      .save/             a save that is on its way: see `transaction`
      .lock              there while a program writes to the folder

A combination of runs has a combination.json and a manifest.json instead.

README.md and train.log belong to the run and may be edited; every other file must be what the
manifest says. Runs saved before there were manifests load if their set of files is complete.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from synner_graph.errors import InputError
from synner_graph.files import WriteError, make_folder, same_file
from synner_graph.recogniser.memory import check_size
from synner_graph.recogniser.transaction import MANIFEST, STAGING, Manifest, Stamp, Transaction

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
VOCABULARY = "vocabulary.json"
PARSER = "parser.json"
CALIBRATION = "calibration.json"
PRECISION = "precision.json"
COMBINATION = "combination.json"
ENCODER = "encoder"
METRICS = "metrics.json"
CARD = "README.md"
LOG = "train.log"
WORKSPACE = ".training"
LOCK = ".lock"

NEEDED = (CONFIG, VOCABULARY, WEIGHTS)
TOKENIZER = tuple(
    f"{ENCODER}/{name}" for name in ("config.json", "tokenizer.json", "tokenizer_config.json")
)
"""What a run with a transformer needs beside."""
RECORDS = (METRICS, CARD, LOG)
"""What tells of the training of these weights, and goes with them."""
OTHERS = (CARD, LOG)
"""What people may edit."""
NAMES = (*NEEDED, PARSER, CALIBRATION, PRECISION, COMBINATION, *RECORDS)
ENCODER_NAMES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
"""What the encoder's folder of a run without a manifest may hold."""


class RunFolder:
    """A folder that holds a run, or will.

    Args:
        path: The folder; it may not exist yet.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.transaction = Transaction(self.path)

    def check_replaceable(self, overwrite: bool, inputs: Iterable[Path] = ()) -> None:
        """Refuse a folder that a new run must not be written to; nothing is changed.

        A missing or empty folder is accepted. With `overwrite` a folder with a run, or with a
        training broken off, is accepted too, unless it is the working folder or a parent of it, or
        the new run would write over one of the inputs or over a file that someone put there.

        Args:
            overwrite: Whether an earlier run may be replaced.
            inputs: Files and folders that the new run reads.

        Raises:
            InputError: The folder must not be replaced; the message says why.
        """
        folder = self.path
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file; --output must name a folder.")
        if not folder.is_dir() or not {p.name for p in folder.iterdir()} - {LOCK}:
            return
        if not overwrite:
            raise InputError(f"The folder {folder} is not empty: name another, or use --overwrite.")
        known = self._known()
        if known is None and not any((folder / n).is_dir() for n in (WORKSPACE, STAGING)):
            raise InputError(
                f"{folder} does not look like a run ({MANIFEST} is missing): not overwritten."
            )
        working = Path.cwd()
        if folder.resolve() in (working, *working.parents):
            raise InputError(
                f"{folder} is the working folder or a parent of it: not overwritten. Name another "
                "with --output."
            )
        for source in inputs:
            if self._writes_over(source, known or set()):
                raise InputError(
                    f"{source} is an input, and a new run in {folder} would write over it: name "
                    "another folder with --output."
                )
        for name in (*NAMES, *TOKENIZER):
            if name not in (known or ()) and (folder / name).exists():
                raise InputError(
                    f"{folder / name} does not belong to the run there, and a new run would write "
                    "over it: move it away, or name another folder with --output."
                )

    def _writes_over(self, source: Path, known: set[str]) -> bool:
        if any(same_file(self.path / name, source) for name in (*known, *NAMES)):
            return True
        folder, place = self.path.resolve(), source.resolve()
        ours = (folder / name for name in (ENCODER, WORKSPACE, STAGING))
        return place == folder or any(place.is_relative_to(own) for own in ours)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from writing to the folder, which is made if it is missing.

        The same thread may lock it again. A folder that is empty afterwards, and was not there
        before, is removed.

        Raises:
            InputError: Another process writes to it.
            WriteError: The folder cannot be written to.
        """
        was_there = self.path.is_dir()
        make_folder(self.path)
        place = self.path.resolve() / LOCK
        lock = FileLock(place, timeout=0, is_singleton=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise InputError(
                f"Another program is writing to {self.path}: wait until it has ended, or name "
                "another folder."
            ) from error
        except OSError as error:
            raise WriteError.of(self.path, error) from error
        try:
            yield
        finally:
            if lock.lock_counter == 1:  # removed while held, as filelock then finds out
                with suppress(OSError):
                    place.unlink(missing_ok=True)
            lock.release()
            if not was_there:
                with suppress(OSError):
                    self.path.rmdir()

    def workspace(self) -> Path:
        """Return the folder for the log and the checkpoints of a training, made if it is missing.

        It is not read when the run is loaded. `clear_workspace` removes it.

        Raises:
            WriteError: It cannot be made.
        """
        return make_folder(self.path / WORKSPACE)

    def clear_workspace(self) -> None:
        """Remove the workspace and what is in it.

        Raises:
            WriteError: It cannot be removed.
        """
        try:
            if (self.path / WORKSPACE).is_dir():
                shutil.rmtree(self.path / WORKSPACE)
        except OSError as error:
            raise WriteError.of(error.filename or self.path, error) from error

    def commit(self, files: Mapping[str, bytes | Path]) -> None:
        """Replace the run by another, in one step: until that is done the old one counts.

        Files of the old run that the new one lacks are removed; files that belong to no run stay.
        `RECORDS` stay where the weights are the same.

        Args:
            files: Name, such as WEIGHTS or ENCODER/tokenizer.json -> content, or a file with it.

        Raises:
            InputError: Another process writes to the folder.
            WriteError: The folder cannot be written to.
        """
        with self.lock():
            self.transaction.settle()
            old = self._manifest() or Manifest({})
            contents = _contents(files)
            manifest = _manifest_of(contents)
            if manifest.files.get(WEIGHTS) == old.files.get(WEIGHTS):
                records = {name: s for name, s in old.files.items() if name in RECORDS}
                others = {name for name in old.others if name in RECORDS}
                manifest = Manifest(records | manifest.files, tuple(others | set(manifest.others)))
            self.transaction.save(contents, manifest, old.names - manifest.names)

    def update(self, files: Mapping[str, bytes | Path]) -> None:
        """Add files to the run, or replace some of its files, in one step; all others stay.

        Args:
            files: As for `commit`; METRICS or CALIBRATION, for example.

        Raises:
            InputError: There is no run in the folder, or another process writes to it.
            WriteError: The folder cannot be written to.
        """
        if not self.path.is_dir():
            raise InputError(f"There is no run folder {str(self.path)!r}.")
        with self.lock():
            self.transaction.settle()
            old = self._manifest()
            if old is None:
                raise InputError(f"{self.path} is not a complete run: it has no {WEIGHTS}.")
            contents = _contents(files)
            new = _manifest_of(contents)
            others = tuple({*old.others, *new.others})
            manifest = replace(old, files=old.files | new.files, others=others)
            self.transaction.save(contents, manifest, ())

    def read(self) -> dict[str, bytes]:
        """Read every file of the run that must be as it was saved: name -> content.

        The manifest says which files these are; a run from before manifests is read by the names
        that it can have.

        Raises:
            InputError: A file is missing or is not what was saved; the message names it.
        """
        while True:
            manifest = self.transaction.manifest()
            try:
                return self._read(manifest)
            except InputError:
                if self.transaction.manifest() == manifest:
                    raise
                # Another process has saved meanwhile: read what counts now.

    def _read(self, manifest: Manifest | None) -> dict[str, bytes]:
        names = self._old_names() if manifest is None else set(manifest.files)
        found: dict[str, bytes] = {}
        places = [place for n in names if (place := self.path / n).is_file()]
        check_size(sum(place.stat().st_size for place in places), f"The run in {self.path}")
        for name in sorted(names):
            content = self.transaction.read(name)
            if content is not None:
                found[name] = content
        if manifest is not None and (strange := set(manifest.others) - set(OTHERS)):
            raise InputError(
                f"The run in {self.path} is damaged: {MANIFEST} lists {min(strange)!r}, which is "
                "no file of a run."
            )
        needed = (COMBINATION,) if COMBINATION in names else NEEDED
        missing = [name for name in (*needed, *sorted(names - set(needed))) if name not in found]
        if missing:
            raise InputError(f"{self.path} is not a complete run: it has no {', '.join(missing)}.")
        for name, stamp in (manifest.files if manifest else {}).items():
            if complaint := stamp.complaint(found[name]):
                raise InputError(
                    f"The run in {self.path} is damaged: {name} is not the file that was saved "
                    f"({complaint})."
                )
        return found

    def digest(self) -> str:
        """Return the SHA-256 of all that the run is, in hexadecimal: that of its manifest.

        Where it has none, it is that of all files in the folder.

        Raises:
            InputError: A file cannot be read.
        """
        if (known := self.transaction.digest()) is not None:
            return known
        digest = hashlib.sha256()
        for file in sorted(p for p in self.path.rglob("*") if p.is_file()):
            digest.update(f"{file.relative_to(self.path)}\n".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()

    def holds(self, name: str) -> bool:
        """Whether the run has a file of that name."""
        return name in (self._known() or ())

    def _manifest(self) -> Manifest | None:
        """Read the manifest; make it from the files for a run from before manifests."""
        manifest = self.transaction.manifest()
        if manifest is None and self._looks_old():
            names = self._old_names() | {n for n in OTHERS if (self.path / n).is_file()}
            contents = {name: self.transaction.read(name) or b"" for name in names}
            manifest = _manifest_of(contents)
        return manifest

    def _known(self) -> set[str] | None:
        """Return the names of the files of the run; None where there is no run."""
        manifest = self.transaction.manifest()
        if manifest is not None:
            return manifest.names
        if self._looks_old():
            return self._old_names() | set(OTHERS)
        return None

    def _looks_old(self) -> bool:
        """Return whether it holds the files that every run from before manifests has."""
        return all((self.path / name).is_file() for name in NEEDED)

    def _old_names(self) -> set[str]:
        """Return the names of the files of a run from before manifests that decide what it does."""
        names = {*NAMES, *(f"{ENCODER}/{name}" for name in ENCODER_NAMES)} - set(OTHERS)
        return {name for name in names if (self.path / name).is_file()}


def _contents(files: Mapping[str, bytes | Path]) -> dict[str, bytes]:
    found = {}
    for name, content in files.items():
        try:
            found[name] = content if isinstance(content, bytes) else content.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {content!s}: {error.strerror}") from error
    return found


def _manifest_of(contents: Mapping[str, bytes]) -> Manifest:
    files = {name: Stamp.of(c) for name, c in contents.items() if name not in OTHERS}
    return Manifest(files, tuple(name for name in contents if name in OTHERS))
