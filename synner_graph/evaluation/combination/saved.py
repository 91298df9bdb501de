"""A combination as a run folder: its members by path and digest, and what it has learned."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from synner_graph.encoders.precision import FLOAT32
from synner_graph.errors import InputError
from synner_graph.evaluation.combination.combined import CombinedNER
from synner_graph.evaluation.combination.combiner import Combiner
from synner_graph.files import read_json
from synner_graph.recogniser.find import find_run
from synner_graph.recogniser.recogniser import Recogniser
from synner_graph.recogniser.run_folder import COMBINATION, RunFolder
from synner_graph.recogniser.synner import SynNER

FORMAT = 1


def save_combination(
    folder: Path | str,
    combiner: Combiner,
    members: Sequence[Path | str],
    judge: Path | str | None = None,
    overwrite: bool = False,
) -> None:
    """Save a combination of runs.

    The folder holds no weights: it names the run folders, relative to itself, and the SHA-256 of
    their manifests, so that they are found again only as they are now.

    Args:
        folder: Where to; it must be missing or empty.
        combiner: The method and what it has learned.
        members: Run folders, in the order of the weights.
        judge: The run folder of the span model, for the method `span`.
        overwrite: Replace a run or combination that the folder holds.

    Raises:
        InputError: Something is not a run folder with a manifest, or the folder holds something.
        WriteError: It cannot be written to.
    """
    check_savable(folder, members, overwrite)
    run = RunFolder(folder)
    values = {
        "format": FORMAT,
        "members": [_reference(member, run.path) for member in members],
        "judge": None if judge is None else _reference(judge, run.path),
        "combiner": combiner.to_json(),
    }
    content = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
    run.commit({COMBINATION: content.encode()})


def check_savable(
    folder: Path | str, members: Sequence[Path | str], overwrite: bool = False
) -> None:
    """Refuse what `save_combination` would refuse, before any work is done.

    Raises:
        InputError: A member is not a run folder, or the folder holds something.
    """
    for member in members:
        if not Path(member).is_dir():
            raise InputError(
                f"Only run folders can be saved as a combination, and {member} is no folder."
            )
    RunFolder(folder).check_replaceable(overwrite, [Path(member) for member in members])


def open_recogniser(
    source: Path | str,
    backend: str = "auto",
    device: torch.device | str = "cpu",
    kernel: str = "auto",
    precision: str = FLOAT32,
) -> Recogniser:
    """Open a run or a combination of runs; see `SynNER.from_pretrained`."""
    run = find_run(source)
    if run.holds(COMBINATION):
        return load_combination(source, backend, device, kernel, precision)
    return SynNER.from_pretrained(source, backend, device, kernel, precision)


def load_combination(
    source: Path | str,
    backend: str = "auto",
    device: torch.device | str = "cpu",
    kernel: str = "auto",
    precision: str = FLOAT32,
) -> CombinedNER:
    """Open a combination of runs; see `SynNER.from_pretrained`.

    Raises:
        InputError: It is damaged, or a member is missing, damaged, or another than was combined.
    """
    run = find_run(source)
    try:
        values = read_json(run.read()[COMBINATION], run.path / COMBINATION)
        if values["format"] != FORMAT:
            raise InputError(
                f"{run.path / COMBINATION} has format {values['format']}: a later version of the "
                "program wrote it."
            )
        combiner = Combiner.from_json(values["combiner"])
        references = [(str(m["path"]), str(m["sha256"])) for m in values["members"]]
        judge = values["judge"] and (str(values["judge"]["path"]), str(values["judge"]["sha256"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{run.path / COMBINATION} does not describe a combination: {error!r}"
        ) from error
    opened: dict[Path, SynNER] = {}

    def member(path: str, digest: str) -> tuple[str, SynNER]:
        place = Path(os.path.normpath(run.path / path))
        if not place.is_dir():
            raise InputError(
                f"The combination {run.path} lacks its member {place}: no such folder."
            )
        if _digest(place) != digest:
            raise InputError(
                f"The member {place} is not the run that {run.path} was made of: its manifest has "
                "changed, so the run has been trained again or calibrated since."
            )
        if place not in opened:
            opened[place] = SynNER.from_pretrained(place, backend, device, kernel, precision)
        return str(place), opened[place]

    members = [member(*reference) for reference in references]
    return CombinedNER(combiner, members, member(*judge) if judge else None)


def _reference(member: Path | str, folder: Path) -> dict[str, Any]:
    place = Path(member)
    path = os.path.relpath(place.resolve(), folder.resolve())
    return {"path": Path(path).as_posix(), "sha256": _digest(place)}


def _digest(place: Path) -> str:
    """The SHA-256 of the manifest of a run."""
    digest = RunFolder(place).transaction.digest()
    if digest is None:
        raise InputError(f"{place} has no manifest: it is no run folder, or not a complete one.")
    return digest
