"""Training: from a corpus to a run folder."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus, files_of
from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.precision import f1_by_precision
from synner_graph.evaluation.scores import Report
from synner_graph.files import read_json
from synner_graph.heads.soft import SoftTarget
from synner_graph.model.batch import Batch
from synner_graph.recogniser.resolve import check
from synner_graph.recogniser.run_folder import CARD, LOG, METRICS, WORKSPACE, RunFolder
from synner_graph.recogniser.stored import measured_files
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.batches import LengthGroupedBatches, training_units
from synner_graph.training.card import model_card
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.distributed import build_accelerator, on_main
from synner_graph.training.interval import Interval
from synner_graph.training.jackknife import jackknife
from synner_graph.training.learner import Learner
from synner_graph.training.log import log_file
from synner_graph.training.loop import run_epochs
from synner_graph.training.metrics import (
    as_read,
    choosing_score,
    dev_scores,
    reports_of,
    run_metrics,
)
from synner_graph.training.own_trees import draw_own_trees, own_share
from synner_graph.training.prepared import prepare
from synner_graph.training.progress import progress_bar
from synner_graph.training.provenance import provenance
from synner_graph.training.randomness import repeatable
from synner_graph.training.resume import begin, identity, is_broken_off, is_finished
from synner_graph.training.tracking import AfterEpoch, Trackers, pass_over

logger = logging.getLogger(__name__)


def train(
    config: RunConfig,
    corpus: Corpus,
    output: Path,
    backend: str = "auto",
    device: str = "auto",
    overwrite: bool = False,
    progress: bool = True,
    kernel: str = "auto",
    resume: bool = False,
    checkpoint_every: Interval | None = None,
    track: Sequence[str] = (),
    after_epoch: AfterEpoch = pass_over,
) -> tuple[dict[str, Any], list[Report]]:
    """Train a recogniser, keep its best epoch, and test that one.

    The best epoch has the best dev F1, on the trees of the model's own parser where one learns
    beside.

    Args:
        config: Every setting.
        corpus: Training sentences; with dev sentences the best epoch is kept, else the last.
        output: Run folder to write.
        backend: Graph backend: auto, dgl or torch.
        device: One of auto, cpu and cuda.
        overwrite: Replace the run that the folder holds, once the new one is saved.
        progress: Show progress bars.
        kernel: What computes the Syn-LSTM and the CRF: see `operators.choice.NAMES`.
        resume: Go on with a training that was broken off in the folder; begin where there is none.
        checkpoint_every: How often to write a checkpoint within an epoch, and one at the end of
            each; None: as often as takes little of the time (see `Checkpoints`).
        track: Trackers of accelerate that get the record of each epoch.
        after_epoch: Gets the record of each epoch, in the main process; what it raises ends the
            training.

    Returns:
        What metrics.json holds, and the reports on dev and test; nothing outside the main process.
        Where `resume` finds a finished run, nothing is trained or written.

    Raises:
        InputError: For settings that do not fit the corpus, this machine or the training that was
            broken off; for a folder that must not be replaced or that another program writes to.
        WriteError: The folder cannot be written to.
    """
    run = RunFolder(output)
    if not (resume and (is_finished(run) or is_broken_off(run))):
        run.check_replaceable(overwrite, _inputs(config))
    config = check(config)
    accelerator = build_accelerator(device, config.training.precision)
    trackers, told = Trackers(track, accelerator, output), len(corpus.notes)
    made = prepare(config, corpus, backend, accelerator.device, kernel)
    config, corpus, backend_used = made.config, made.corpus, made.ner.backend.name
    settings = identity(
        config,
        corpus,
        made.digests(),
        graph_backend=backend_used,
        kernel=str(kernel),
        device=accelerator.device.type,
        processes=accelerator.num_processes,
    )
    checkpoints = Checkpoints(output / WORKSPACE, accelerator, checkpoint_every)
    began = time.process_time()
    with ExitStack() as stack:
        stack.enter_context(repeatable(accelerator.device))
        on_main(accelerator, lambda: stack.enter_context(run.lock()))
        start = on_main(
            accelerator, lambda: begin(run, settings, overwrite, resume, _inputs(config))
        )
        if start.finished:
            logger.info("The run in %s is finished: there is nothing left to train", output)
            if not accelerator.is_main_process:
                return {}, []
            best = SynNER.from_pretrained(output, backend_used, accelerator.device, kernel)
            finished: dict[str, Any] = read_json(run.read()[METRICS], run.path / METRICS)
            return finished, reports_of(config, corpus, best)
        answers = None
        if made.teacher is not None:
            labels = made.ner.vocabularies.labels
            try:
                answers = made.teacher.answers(made.learned, labels, checkpoints, backend, kernel)
            except InputError:
                if not start.resumes:  # nothing has been learned that could be lost
                    on_main(accelerator, run.clear_workspace)
                raise
        with log_file(output / WORKSPACE / LOG, enabled=accelerator.is_main_process):
            if start.resumes:
                found = checkpoints.find()
                lost = "" if found else ": there is no checkpoint, so it begins again"
                logger.info("Resuming after interruption %d%s", start.resumes, lost)
            made.tell(told)
            targets = None if answers is None else made.targets(answers)
            learned = trees = made.learned
            dev = corpus.splits.get("dev", ())
            if config.parser.jackknife is not None:
                learned, note = jackknife(config, trees, made.build, checkpoints, progress)
                corpus = replace(corpus, notes=(*corpus.notes, note))
            stack.enter_context(trackers.tracking(config))

            def told_to(record: Mapping[str, Any]) -> None:
                trackers.log(record)
                on_main(accelerator, lambda: after_epoch(record))

            epochs = _fit(
                *(made.ner, config, learned, trees, targets, dev),
                *(output, checkpoints, progress, told_to),
            )
            metrics: dict[str, Any] = {}
            f1: dict[str, float] = {}
            reports: list[Report] = []
            if accelerator.is_main_process:
                best = SynNER.from_pretrained(output, backend_used, accelerator.device, kernel)
                reports = reports_of(config, corpus, best)
                f1 = f1_by_precision(best, as_read(config, dev)) if dev else {}
                seconds = checkpoints.seconds
                metrics = run_metrics(config, corpus, best, reports, epochs, seconds, start.resumes)
                read = (*files_of(config.data), *_inputs(config))
                metrics["provenance"] = provenance(read, time.process_time() - began)
        on_main(accelerator, lambda: _finish(run, metrics, f1))
    return metrics, reports


def _finish(run: RunFolder, metrics: dict[str, Any], f1: Mapping[str, float]) -> None:
    """Put metrics, model card, log and F1 by precision beside the weights: the run is finished."""
    text = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
    log = run.workspace() / LOG
    told: dict[str, bytes | Path] = {METRICS: text.encode(), CARD: model_card(metrics).encode()}
    run.update({**told, LOG: log, **measured_files(None, f1)})
    run.clear_workspace()


def _inputs(config: RunConfig) -> list[Path]:
    """List the files and folders that the settings name."""
    data, encoder = config.data, config.encoder
    named: tuple[Path | str | None, ...]
    named = (data.train, data.dev, data.test, data.data_dir, encoder.features, encoder.vectors)
    named += (encoder.name, *config.gnn.gazetteer)
    named += (config.training.teacher, *config.training.unlabelled, config.training.from_run)
    return [Path(path) for path in named if path and Path(path).exists()]


def _fit(
    ner: SynNER,
    config: RunConfig,
    sentences: Sequence[Sentence],
    trees: Sequence[Sentence],
    targets: Sequence[SoftTarget] | None,
    dev: Sequence[Sentence],
    output: Path,
    checkpoints: Checkpoints,
    progress: bool,
    after_epoch: AfterEpoch,
) -> list[dict[str, Any]]:
    """Train the model. Leaves the best epoch in `output` and returns a record of every epoch.

    The model reads the trees of `sentences`; its own parser, if it has one, learns from `trees`.
    Of each sentence it learns the entities, or the target, if there is a teacher.

    A kill can come between the save of an epoch and its checkpoint. The epoch is then trained,
    scored and saved again, to the same weights.
    """
    settings, accelerator = config.training, checkpoints.accelerator
    reads_documents = ner.model.reads_documents
    units = training_units(sentences, reads_documents, settings.part_tokens)
    gold = training_units(trees, reads_documents, settings.part_tokens)
    rest = iter(targets or ())
    lessons = [list(islice(rest, len(unit))) for unit in units]
    batches = LengthGroupedBatches(units, settings.batch_size, settings.seed)
    learner = Learner(ner.model, config, batches.total(settings.epochs), accelerator)
    stage = (config.parser.jackknife or 0) + 1

    def collate(rows: Sequence[int]) -> Batch:
        batch = ner.model.collator(
            [sentence for row in rows for sentence in units[row]],
            gold_trees=[sentence for row in rows for sentence in gold[row]],
            targets=targets and [target for row in rows for target in lessons[row]],
        )
        share = own_share(config.parser.own_trees, position.epoch, settings.epochs)
        return draw_own_trees(batch, share)

    def bar(epoch: int, done: int) -> AbstractContextManager[Callable[[str], None]]:
        title = f"epoch {epoch}/{settings.epochs}"
        return progress_bar(title, batches.count(epoch), progress, accelerator, done)

    position = checkpoints.restore(stage, learner)
    after_step = partial(checkpoints.after_step, stage, learner, position)
    for record in run_epochs(learner, batches, collate, settings, position, bar, after_step):
        score = None
        with learner.averaged():
            if dev:
                scores = on_main(accelerator, lambda: dev_scores(ner, config, dev))
                record |= scores
                score = choosing_score(scores)
            _log_epoch(record, len(sentences))
            if best := position.add(record, score):
                on_main(accelerator, lambda: ner.save_pretrained(output))
        if not best and position.waited(settings.patience):
            logger.info("No better dev F1 for %d epochs: stopping", settings.patience)
        checkpoints.after_epoch(stage, learner, position)
        after_epoch(record)
    return position.history


def _log_epoch(record: dict[str, Any], sentences: int) -> None:
    names = (
        ("dev_f1", "dev F1"),
        ("dev_f1_own_trees", "on own trees"),
        ("dev_las", "dev LAS"),
    )
    logger.info(
        "epoch %d: loss %.4f%s, %.1f sentences/s",
        record["epoch"],
        record["loss"],
        "".join(f", {name} {record[key]:.2f}" for key, name in names if key in record),
        sentences / record["seconds"],
    )
