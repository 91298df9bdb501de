"""Run a study cell by cell, in one process or several, today or on another day."""

import gc
import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from synner_graph.config import DataConfig, TextConfig
from synner_graph.data.corpora.catalogue import SPLITS, Corpus, corpus_of
from synner_graph.data.documents import document_sizes
from synner_graph.errors import InputError
from synner_graph.files import make_folder, write_bytes
from synner_graph.recogniser.synner import SynNER
from synner_graph.study.grid import Cell, Grid, cells
from synner_graph.study.protocols import score_protocols
from synner_graph.study.results import (
    Record,
    add_record,
    counts_to_text,
    find_record,
    read_records,
)
from synner_graph.training.interval import Interval
from synner_graph.training.run import train

logger = logging.getLogger(__name__)


def missing_cells(grid: Grid, results: Path) -> list[Cell]:
    """List the cells that no results file holds, neither this grid's nor one beside it."""
    known = _known_records(results)
    return [
        cell
        for cell in cells(grid)
        if find_record(known, cell.config, grid.test, grid.protocols) is None
    ]


def run_study(
    grid: Grid,
    results: Path,
    runs: Path,
    *,
    rows: Sequence[str] | None = None,
    limit: int | None = None,
    backend: str = "auto",
    device: str = "auto",
    kernel: str = "auto",
    keep_runs: bool = False,
    progress: bool = True,
    checkpoint_every: Interval | None = None,
) -> list[str]:
    """Run the cells that are missing, and add each to the results file when it is finished.

    A cell with the same settings in another results file of the folder is taken from there. Several
    processes may work on a grid: a cell that one has begun, the others leave alone.

    Args:
        grid: What to run.
        results: Results file.
        runs: Folder for the run folders, which are removed again.
        rows: Only these; None for all.
        limit: Cells to train at most; None for all.
        backend: Graph backend: auto, dgl or torch.
        device: `auto`, `cpu` or `cuda`.
        kernel: What computes the operators: see `operators.choice.NAMES`.
        keep_runs: Leave the run folders.
        progress: Show progress bars.
        checkpoint_every: How often to write a checkpoint within an epoch; a cell that was broken
            off goes on from its newest one.

    Returns:
        A line for each cell that failed; it is tried again the next time.
    """
    todo = [cell for cell in cells(grid) if rows is None or cell.row in rows]
    failures: list[str] = []
    trained = 0
    for number, cell in enumerate(todo, 1):
        if trained == limit:
            break
        folder = runs / _key(cell, grid.test)
        unwanted = folder.with_suffix(".unwanted")
        make_folder(folder.parent)
        try:
            with FileLock(folder.with_suffix(".lock"), blocking=False):
                scored = (cell.config, grid.test, grid.protocols)
                if find_record(read_records(results), *scored):
                    if unwanted.exists():  # a kill came between the record and the removal
                        _remove(folder, unwanted)
                    continue
                record = find_record(_known_records(results), *scored)
                if record is None:
                    logger.info("cell %d of %d: %s", number, len(todo), cell)
                    trained += 1
                    record = _train(
                        cell, grid, folder, backend, device, kernel, progress, checkpoint_every
                    )
                if keep_runs:
                    unwanted.unlink(missing_ok=True)
                else:
                    write_bytes(unwanted, b"")
                add_record(results, record | {"row": cell.row, "tuning": dict(cell.tuning)})
                if not keep_runs:
                    _remove(folder, unwanted)
        except Timeout:
            logger.info("cell %d of %d: %s: another process is at it", number, len(todo), cell)
        except InputError as error:
            failures.append(f"{cell}: {error}")
            logger.warning("cell %d of %d failed: %s", number, len(todo), failures[-1])
        # Under mixed precision accelerate ties a model to itself, and beside millions of objects
        # of the corpus Python rarely looks for such garbage by itself.
        gc.collect()
    return failures


def _train(
    cell: Cell,
    grid: Grid,
    folder: Path,
    backend: str,
    device: str,
    kernel: str,
    progress: bool,
    checkpoint_every: Interval | None,
) -> Record:
    corpus = _corpus(cell.config.data, SPLITS if grid.test else SPLITS[:2], cell.config.text)
    if (grid.test and "test" not in corpus.splits) or "dev" not in corpus.splits:
        raise InputError("a study needs dev sentences, and test sentences where test = true")
    metrics, reports = train(
        cell.config,
        corpus,
        folder,
        backend,
        device,
        overwrite=True,
        progress=progress,
        kernel=kernel,
        resume=True,
        checkpoint_every=checkpoint_every,
    )
    by_split = {report.split: report for report in reports}
    record: Record = {
        "row": cell.row,
        "tuning": dict(cell.tuning),
        "seed": cell.seed,
        "dev": by_split["dev"].overall.to_json(),
        "test": by_split["test"].overall.to_json() if grid.test else None,
        "per_sentence": counts_to_text(by_split[grid.judged]),
        "documents": document_sizes(corpus.splits[grid.judged]),
        "epochs": metrics["epochs"],
        "seconds": round(metrics["seconds"], 1),
        "parameters": metrics["parameters"],
        "parameters_from_scratch": metrics["parameters_from_scratch"],
        "settings": cell.config.model_dump(mode="json"),
        "graph_backend": metrics["graph_backend"],
        "device": metrics["device"],
        "versions": metrics["versions"],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if grid.protocols:
        ner = SynNER.from_pretrained(folder, metrics["graph_backend"], metrics["device"], kernel)
        splits = {split: corpus.splits[split] for split in by_split}
        record["protocols"] = score_protocols(ner, grid.protocols, splits, grid.judged)
    return record


def _remove(folder: Path, unwanted: Path) -> None:
    """Remove a run folder that nobody wants, and the file that says so."""
    if folder.is_dir():
        shutil.rmtree(folder)
    unwanted.unlink(missing_ok=True)


@lru_cache(maxsize=4)
def _corpus(data: DataConfig, splits: tuple[str, ...], text: TextConfig) -> Corpus:
    corpus = corpus_of(data, splits, text)
    return replace(corpus, splits={split: corpus.splits[split] for split in splits})


def _known_records(results: Path) -> list[Record]:
    """Read the records of all results files in the folder, this one's first."""
    others = sorted(set(results.parent.glob("*.json")) - {results})
    return [record for path in (results, *others) for record in read_records(path)]


def _key(cell: Cell, test: bool) -> str:
    """Return a name for the cell's folder that every process computes alike."""
    text = json.dumps([cell.config.model_dump(mode="json"), test], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
