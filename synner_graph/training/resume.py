"""Whether a training in a folder is finished, was broken off, or has to begin."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from synner_graph.config import RunConfig, dotted
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.files import read_json, write_text
from synner_graph.recogniser.run_folder import METRICS, NEEDED, WORKSPACE, RunFolder

STATE = "run.json"


@dataclass(frozen=True)
class Start:
    """How a training begins.

    Attributes:
        finished: There is nothing left to do.
        resumes: How often it has been continued, this time included.
    """

    finished: bool = False
    resumes: int = 0


def identity(
    config: RunConfig,
    corpus: Corpus,
    digests: Mapping[str, str | None],
    **machine: str | int,
) -> dict[str, Any]:
    """Gather all that decides the weights of a finished training.

    Args:
        config: Every setting, as resolved.
        corpus: What is trained on.
        digests: Of what else it reads, by what to call it; None for what there is not.
        machine: Name -> value of what else must be the same, such as the kernel.
    """
    sentences = {f"the {name} sentences": _digest(rows) for name, rows in corpus.splits.items()}
    settings = dict(dotted(config.model_dump(mode="json")))
    others = {f"the {name}": digest for name, digest in digests.items() if digest is not None}
    return {**settings, **machine, **sentences, **others}


def begin(
    run: RunFolder,
    settings: Mapping[str, Any],
    overwrite: bool,
    resume: bool,
    inputs: Iterable[Path] = (),
) -> Start:
    """Find out how a training begins, and note in its workspace that it has.

    Args:
        run: The folder, locked.
        settings: What `identity` gave.
        overwrite: Whether an earlier run may be replaced.
        resume: Whether a training that was broken off is continued.
        inputs: Files and folders that the training reads.

    Raises:
        InputError: The folder must not be replaced, or a training with other settings was broken
            off, or has ended, there.
        WriteError: The folder cannot be written to.
    """
    start = Start()
    if resume and is_finished(run):
        stored = read_json(run.read()[METRICS], run.path / METRICS)
        config = stored.get("config", {})
        if not (isinstance(config, dict) and isinstance(stored.get("resumes", 0), int)):
            raise InputError(f"{run.path / METRICS} tells no settings of a training.")
        told = {k: v for k, v in dotted(config) if k in settings}
        _compare(run.path, told, {name: settings[name] for name in told})
        return Start(finished=True, resumes=stored.get("resumes", 0))
    if resume and (state := _state(run)) is not None:
        _compare(run.path, state["settings"], settings)
        start = Start(resumes=state["resumes"] + 1)
    else:
        run.check_replaceable(overwrite or (resume and is_broken_off(run)), inputs)
        run.clear_workspace()
    state = {"resumes": start.resumes, "settings": settings}
    write_text(run.workspace() / STATE, json.dumps(state, indent=1, ensure_ascii=False) + "\n")
    return start


def is_finished(run: RunFolder) -> bool:
    """Return whether a folder holds a run whose training has ended."""
    if is_broken_off(run):
        return False
    manifest = run.transaction.manifest()
    if manifest is None:  # a run from before there were manifests
        return all((run.path / name).is_file() for name in (*NEEDED, METRICS))
    return METRICS in manifest.files


def is_broken_off(run: RunFolder) -> bool:
    """Return whether a training goes on in a folder, or was broken off there."""
    return (run.path / WORKSPACE).is_dir()


def _state(run: RunFolder) -> dict[str, Any] | None:
    """Read what the workspace notes of the training; None where it was broken off before a note."""
    try:
        content = (run.path / WORKSPACE / STATE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot read {run.path / WORKSPACE / STATE}: {error}") from error
    state: dict[str, Any] = read_json(content, run.path / WORKSPACE / STATE)
    if not (isinstance(state.get("settings"), dict) and isinstance(state.get("resumes"), int)):
        raise InputError(f"{run.path / WORKSPACE / STATE} is not the note of a training.")
    return state


def _compare(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse settings that are not those of the training in the folder."""
    for name in dict.fromkeys((*before, *now)):
        old, new = before.get(name), now.get(name)
        if old != new:
            what = f"{name} was {old!r} and is {new!r}"
            if name.startswith("the "):
                what = f"{name} are not the same"
            raise InputError(
                f"Cannot resume the training in {folder} with other settings: {what}. Give the "
                "same again, or begin anew with --overwrite and without --resume."
            )


def _digest(sentences: Iterable[Sentence]) -> str:
    """Return the SHA-256, in hexadecimal, of all that a model can read of sentences."""
    names = [field.name for field in fields(Sentence) if field.name != "extra"]
    digest = hashlib.sha256()
    for sentence in sentences:
        digest.update(repr([getattr(sentence, name) for name in names]).encode())
    return digest.hexdigest()
