"""What a run folder says: architecture, vocabularies, weights, as values and as files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import safetensors.torch
from pydantic import ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from synner_graph.config import ModelConfig, explain
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders.blueprint import Blueprint, stored_blueprint
from synner_graph.encoders.choice import has_transformer
from synner_graph.encoders.transformer import load_blueprint
from synner_graph.errors import InputError
from synner_graph.files import read_json, write_bytes
from synner_graph.parsers import ParserRecord
from synner_graph.recogniser.calibration import Calibration
from synner_graph.recogniser.run_folder import (
    CALIBRATION,
    COMBINATION,
    CONFIG,
    ENCODER,
    PARSER,
    PRECISION,
    TOKENIZER,
    VOCABULARY,
    WEIGHTS,
    RunFolder,
)
from synner_graph.recogniser.unread import drop_unread_options

Built = TypeVar("Built")


@dataclass(frozen=True)
class StoredRun:
    """All that makes a recogniser what it is.

    Attributes:
        config: Its architecture.
        vocabularies: What it can name.
        weights: Name -> tensor.
        blueprint: Configuration and tokenizer of its transformer, if it has one.
        parser_record: Where its trees come from; None in runs from before parsers.
        calibration: The temperature of its scores, if it is calibrated.
        f1_by_precision: F1 on dev in percent, by precision; empty if it was not measured.
    """

    config: ModelConfig
    vocabularies: Vocabularies
    weights: dict[str, Tensor]
    blueprint: Blueprint | None = None
    parser_record: ParserRecord | None = None
    calibration: Calibration | None = None
    f1_by_precision: Mapping[str, float] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        """Return the files of a run folder: name -> content."""
        files = {
            CONFIG: (self.config.model_dump_json(indent=2) + "\n").encode(),
            VOCABULARY: _json(self.vocabularies.to_json()),
            WEIGHTS: weights_file(self.weights),
        }
        if self.parser_record is not None:
            files[PARSER] = _json(self.parser_record.to_json())
        files |= measured_files(self.calibration, self.f1_by_precision)
        if self.blueprint is not None:
            with TemporaryDirectory() as folder:
                for part in self.blueprint:
                    part.save_pretrained(folder)
                for path in Path(folder).iterdir():
                    files[f"{ENCODER}/{path.name}"] = path.read_bytes()
        return files


def weights_file(weights: dict[str, Tensor]) -> bytes:
    """Return tensors as a safetensors file.

    Raises:
        InputError: One of them holds NaN or an infinity.
    """
    _check_finite(weights, "The model is not saved")
    return safetensors.torch.save(weights, metadata={"format": "pt"})


def measured_files(
    calibration: Calibration | None, f1_by_precision: Mapping[str, float]
) -> dict[str, bytes]:
    """Return the files of what the dev split said of a run: name -> content."""
    files = {}
    if calibration is not None:
        files[CALIBRATION] = (json.dumps(calibration.to_json(), indent=2) + "\n").encode()
    if f1_by_precision:
        files[PRECISION] = _json(dict(f1_by_precision))
    return files


def _f1_by_precision(values: dict[str, Any]) -> dict[str, float]:
    return {str(name): float(f1) for name, f1 in values.items()}


def load_stored(run: RunFolder) -> StoredRun:
    """Read a run folder; every file is checked against its manifest.

    Raises:
        InputError: A file is missing, is not what was saved, or cannot be read; or a weight is not
            a finite number.
    """
    files = run.read()
    folder = run.path
    if COMBINATION in files:
        raise InputError(
            f"{folder} is a combination of runs: predict and eval take it, but here a single run "
            "is expected."
        )
    try:
        config = drop_unread_options(ModelConfig.model_validate_json(files[CONFIG]))
        vocabularies = _read(files, VOCABULARY, folder, Vocabularies.from_json)
        record = calibration = None
        f1: dict[str, float] = {}
        if PARSER in files:
            record = _read(files, PARSER, folder, ParserRecord.from_json)
        if CALIBRATION in files:
            calibration = _read(files, CALIBRATION, folder, Calibration.from_json)
        if PRECISION in files:
            f1 = _read(files, PRECISION, folder, _f1_by_precision)
        weights = safetensors.torch.load(files.pop(WEIGHTS))
    except ValidationError as error:
        raise InputError(
            f"{folder / CONFIG} does not describe a model: {explain(error, ModelConfig)}"
        ) from error
    except SafetensorError as error:
        raise InputError(f"The weights in {folder / WEIGHTS} cannot be read: {error}") from error
    _check_finite(weights, f"The run in {folder} is damaged")
    blueprint = _blueprint(files, folder) if has_transformer(config.encoder) else None
    return StoredRun(config, vocabularies, weights, blueprint, record, calibration, f1)


def give_weights(model: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Let a model have saved weights: themselves, since copies would take as much memory again.

    Args:
        model: As the run describes it, on any device.
        weights: Those of the run.
        folder: Of the run.

    Raises:
        InputError: They do not fit the model.
    """
    own = model.state_dict()
    fitting = {name: w.to(own[name]) if name in own else w for name, w in weights.items()}
    try:
        model.load_state_dict(fitting, assign=True)
    except RuntimeError as error:
        raise InputError(f"The weights in {folder} do not fit its config.json: {error}") from error


def _read(
    files: dict[str, bytes], name: str, folder: Path, build: Callable[[dict[str, Any]], Built]
) -> Built:
    """Make of a file in JSON what it describes."""
    values = read_json(files[name], folder / name)
    try:
        return build(values)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{folder / name} is not what a run holds: {what}") from error


def _blueprint(files: dict[str, bytes], folder: Path) -> Blueprint:
    """Load configuration and tokenizer of the transformer.

    They are read from a copy of the checked files alone. A further file in the folder, or a missing
    one, would silently make another tokenizer of it.
    """
    missing = [name for name in TOKENIZER if name not in files]
    if missing:
        raise InputError(f"{folder} is not a complete run: it has no {', '.join(missing)}.")
    own = {name: files[name] for name in files if name.startswith(f"{ENCODER}/")}
    for name, content in own.items():
        if name.endswith(".json"):
            read_json(content, folder / name)
    try:
        blueprint = stored_blueprint({Path(name).name: content for name, content in own.items()})
    except InputError as error:
        raise InputError(f"{folder / ENCODER}: {error}") from error
    if blueprint is not None:
        return blueprint
    with TemporaryDirectory() as copy:
        for name, content in own.items():
            write_bytes(Path(copy, Path(name).name), content)
        try:
            return load_blueprint(copy)
        except InputError as error:
            raise InputError(str(error).replace(copy, str(folder / ENCODER))) from error


def _check_finite(weights: dict[str, Tensor], what: str) -> None:
    for name, tensor in weights.items():
        # A sum is quicker than to look at each number; a great one says nothing.
        suspect = tensor.is_floating_point() and not tensor.sum().isfinite()
        if suspect and not tensor.isfinite().all():
            raise InputError(f"{what}: its weights {name!r} hold NaN or an infinity.")


def _json(values: object) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()
