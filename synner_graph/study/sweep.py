"""A sweep: trainings whose settings Optuna chooses by what came out of those before."""

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from synner_graph.config import RunConfig, nested
from synner_graph.data.corpora.catalogue import SPLITS, corpus_of
from synner_graph.errors import InputError
from synner_graph.files import WriteError, make_folder
from synner_graph.recogniser.settings import Place, combine
from synner_graph.study.space import Dimension
from synner_graph.training.metrics import choosing_score
from synner_graph.training.run import train

STUDY = "sweep"
JOURNAL = "trials.jsonl"
FAILURES = 3
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a sweep has found.

    Attributes:
        finished: Trials that were trained to the end.
        pruned: Trials that were broken off because others were better at that epoch.
        refused: Trials whose settings were refused.
        score: Dev F1 of the best one, in percent (the mean with dev LAS where a parser learns).
        settings: Its tuned settings.
        run: Its run folder.
    """

    finished: int
    pruned: int
    refused: int
    score: float
    settings: Mapping[str, Any]
    run: Path

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        counts = {"finished": self.finished, "pruned": self.pruned, "refused": self.refused}
        best = {"score": self.score, "settings": dict(self.settings), "run": str(self.run)}
        return counts | {"best": best}


def run_sweep(
    config: RunConfig, space: Sequence[Dimension], trials: int, folder: Path, **how: Any
) -> Outcome:
    """Train until enough trials are finished or pruned, earlier ones included.

    The folder keeps the trials and the run of the best one. A sweep that was broken off goes on: a
    trial that was under way is trained to its end first. The test split is not read.

    Args:
        config: The settings that stay as they are.
        space: What the tuned ones may be.
        trials: How many, in all.
        folder: Of the sweep.
        how: What `train` takes beside: backend, device, kernel, progress, checkpoint_every.

    Raises:
        InputError: Optuna is not installed, another program is at the sweep, it was begun with
            other settings, there are no dev sentences, or trial after trial is refused.
        WriteError: The folder cannot be written to.
    """
    optuna = _optuna()
    make_folder(folder)
    try:
        with FileLock(folder / ".lock", blocking=False):
            study = _open(optuna, folder, config, space)
            _take_up(optuna, study)
            return _run(optuna, study, config, space, trials, folder, how)
    except Timeout as error:
        raise InputError(f"Another program is at the sweep in {folder}.") from error


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        message = "A sweep needs Optuna: pip install 'synner-graph[sweep]'."
        raise InputError(message) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _open(optuna: Any, folder: Path, config: RunConfig, space: Sequence[Dimension]) -> Any:
    """Open the study of a folder, or begin it; check that it is of the same sweep."""
    asked = json.dumps(
        [config.model_dump(mode="json"), [dimension.to_json() for dimension in space]]
    )
    journal = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
    try:
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(journal),
            study_name=STUDY,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / JOURNAL} is not what a sweep wrote: {error}") from error
    if study.user_attrs.setdefault("asked", asked) != asked:
        raise InputError(
            f"The sweep in {folder} was begun with other settings: name another folder with "
            "--output, or give the same again."
        )
    study.set_user_attr("asked", asked)
    # The draws of a sweep that goes on must not be those it began with.
    seed = config.training.seed + len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    return study


def _take_up(optuna: Any, study: Any) -> None:
    """Queue the trials that were under way when the sweep was broken off."""
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        place = trial.user_attrs.get("folder", _name(trial.number))
        study.enqueue_trial(trial.params, user_attrs={"folder": place})


def _run(
    optuna: Any,
    study: Any,
    config: RunConfig,
    space: Sequence[Dimension],
    trials: int,
    folder: Path,
    how: Mapping[str, Any],
) -> Outcome:
    corpus = corpus_of(config.data, SPLITS[:2], text=config.text)
    if "dev" not in corpus.splits:
        raise InputError("a sweep needs dev sentences, to choose by")
    states = optuna.trial.TrialState
    refused = 0
    while len(study.get_trials(states=(states.COMPLETE, states.PRUNED))) < trials:
        trial = study.ask()
        place = folder / trial.user_attrs.get("folder", _name(trial.number))
        trial.set_user_attr("folder", place.name)
        tuned = {dimension.key: dimension.suggest(trial) for dimension in space}
        said = ", ".join(f"{key} {value}" for key, value in tuned.items())
        logger.info("trial %d: %s", trial.number + 1, said)

        try:
            settings = _settings(config, tuned)
            watch = partial(_watch, trial, settings.training.epochs, optuna.TrialPruned)
            metrics, _ = train(
                settings, corpus, place, overwrite=True, resume=True, after_epoch=watch, **how
            )
            value = max(map(choosing_score, metrics["epochs"]))
        except optuna.TrialPruned:
            study.tell(trial, state=states.PRUNED)
            logger.info("trial %d: pruned", trial.number + 1)
        except WriteError:
            raise  # a full disk says nothing of the settings: the trial goes on another time
        except InputError as error:
            trial.set_user_attr("refused", str(error))
            study.tell(trial, state=states.FAIL)
            logger.warning("trial %d (%s): %s", trial.number + 1, said, error)
            _remove(place)
            refused += 1
            if refused == FAILURES:
                raise InputError(f"{FAILURES} trials in a row are refused: {error}") from error
            continue
        else:
            study.tell(trial, value)
            logger.info("trial %d: %.2f", trial.number + 1, value)
        refused = 0
        _keep_the_best(study, folder)
    return _outcome(study, states, folder)


def _watch(trial: Any, last: int, pruned: type[Exception], record: Mapping[str, Any]) -> None:
    """Tell a trial the score of an epoch; raise `pruned` where it has fallen behind."""
    trial.report(choosing_score(record), record["epoch"])
    if record["epoch"] < last and trial.should_prune():
        raise pruned


def _settings(config: RunConfig, tuned: Mapping[str, Any]) -> RunConfig:
    """The settings of a trial; a tuned one that its parts do not read is dropped."""
    given = config.model_dump(mode="json", exclude_unset=True)
    places = (Place("settings", given, shared=True), Place("trial", nested(tuned), shared=True))
    return combine(places)[0]


def _keep_the_best(study: Any, folder: Path) -> None:
    """Remove every run but that of the best trial."""
    done = [trial for trial in study.trials if trial.value is not None]
    best = study.best_trial.user_attrs["folder"] if done else None
    for path in sorted(folder.glob("trial-*")):
        if path.name != best:
            _remove(path)


def _remove(run: Path) -> None:
    if run.is_dir():
        shutil.rmtree(run)


def _name(number: int) -> str:
    return f"trial-{number + 1:04}"


def _outcome(study: Any, states: Any, folder: Path) -> Outcome:
    def count(state: Any) -> int:
        return sum(trial.state == state for trial in study.trials)

    best = study.best_trial
    return Outcome(
        finished=count(states.COMPLETE),
        pruned=count(states.PRUNED),
        refused=sum("refused" in trial.user_attrs for trial in study.trials),
        score=float(best.value),
        settings=dict(best.params),
        run=folder / best.user_attrs["folder"],
    )
