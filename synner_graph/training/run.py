"""Training: one loop, on accelerate, from a corpus to a run folder."""

import json
import logging
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, set_seed
from torch import nn

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.nesting import is_nested
from synner_graph.data.sentence import Sentence
from synner_graph.encoders import FeatureEncoder, TransformerEncoder
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate, evaluate_trees
from synner_graph.evaluation.scores import Report
from synner_graph.heads.biaffine import BIAFFINE
from synner_graph.model.batch import Batch
from synner_graph.parsers import TREES, ParserRecord
from synner_graph.recogniser.new import new_recogniser, read_lexicon
from synner_graph.recogniser.run_folder import CARD, LOG, METRICS, RunFolder
from synner_graph.recogniser.synner import RUN, SynNER, load_parser, pick_device
from synner_graph.training.batches import LengthGroupedBatches
from synner_graph.training.card import model_card
from synner_graph.training.jackknife import jackknife
from synner_graph.training.learner import Learner
from synner_graph.training.progress import progress_bar

PACKAGES = ("synner-graph", "torch", "dgl", "transformers", "accelerate", "numpy")
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
) -> tuple[dict[str, Any], list[Report]]:
    """Train a recogniser, keep its best epoch, and test that one.

    The best epoch has the best dev F1; where a parser learns beside, the best mean of dev F1 and
    dev LAS.

    Args:
        config: every setting.
        corpus: training sentences; with dev sentences the best epoch is kept, else the last.
        output: run folder to write.
        backend: graph backend: auto, dgl or torch.
        device: auto, cpu or cuda.
        overwrite: replace the run that the folder holds, once the new one is saved.
        progress: show progress bars.
        kernel: what computes the Syn-LSTM and the CRF: see `operators.choice.NAMES`.

    Returns:
        What metrics.json holds, and the reports on dev and test; nothing outside the main process.

    Raises:
        InputError: for settings that do not fit the corpus or this machine, or a folder that must
            not be written to.
    """
    folder = RunFolder(output)
    corpus, record = _parsed(config, corpus)
    sentences = corpus.splits.get("train", ())
    dev, test = corpus.splits.get("dev", ()), corpus.splits.get("test", ())
    if not any(sentence.entities for sentence in sentences):
        raise InputError("The training split has no entities, so there is nothing to learn.")
    started = time.perf_counter()
    accelerator = _accelerator(device, config.training.precision)
    set_seed(config.training.seed)
    lexicon = read_lexicon(config, sentences, (*dev, *test))
    ner = new_recogniser(config, sentences, backend, accelerator.device, kernel, lexicon)
    ner.parser_record = record or ner.parser_record
    for part in ner.model.encoder.encoders:
        if isinstance(part, FeatureEncoder):
            part.check((*sentences, *dev, *test))
    widths = {name: getattr(ner.config.encoder, name) for name in ("word_size", "features_size")}
    config = config.model_copy(
        update={
            "encoder": config.encoder.model_copy(update=widths),
            "gnn": ner.config.gnn,
            "head": ner.config.head,
            "text": ner.config.text,
        }
    )
    if accelerator.is_main_process:
        folder.check_replaceable(overwrite, _inputs(config))
    accelerator.wait_for_everyone()
    with _writing(folder, enabled=accelerator.is_main_process):
        logger.info(
            "Training on %d sentences (%d entities of %s); %s parameters, %s of them trained",
            len(sentences),
            sum(len(sentence.entities) for sentence in sentences),
            ", ".join(ner.vocabularies.labels),
            f"{_parameters(ner.model):,}",
            f"{_parameters(ner.model, trained=True):,}",
        )
        if lexicon is not None:
            logger.info("Words: %s", lexicon.coverage)
        nested = sum(map(is_nested, sentences)) if config.head.name == "span" else 0
        if nested and config.head.decode in ("flat", "greedy"):
            logger.warning(
                "%d training sentences have entities that share tokens, but --head.decode %s never "
                "names both: --head.decode nested does",
                nested,
                config.head.decode,
            )
        trees = sentences
        if config.parser.jackknife is not None:
            sentences, note = jackknife(config, sentences, backend, kernel, accelerator, progress)
            corpus = replace(corpus, notes=(*corpus.notes, note))
        epochs = _fit(ner, config, sentences, trees, dev, output, accelerator, progress)
        seconds = time.perf_counter() - started
        metrics: dict[str, Any] = {}
        reports: list[Report] = []
        if accelerator.is_main_process:
            best = SynNER.from_pretrained(output, backend, accelerator.device, kernel)
            if config.encoder.features is not None:
                best.use_features(config.encoder.features)
            splits = (("dev", dev), ("test", test))
            reports = [evaluate(best, _read(config, rows), split) for split, rows in splits if rows]
            metrics = _metrics(config, corpus, best, reports, epochs, seconds)
            metrics["parser"] |= _on_own_trees(best, splits)
            text = json.dumps(metrics, indent=2, ensure_ascii=False) + "\n"
            card, log = model_card(metrics), folder.workspace() / LOG
            folder.update({METRICS: text.encode(), CARD: card.encode(), LOG: log})
    accelerator.wait_for_everyone()
    return metrics, reports


def _parsed(config: RunConfig, corpus: Corpus) -> tuple[Corpus, ParserRecord | None]:
    """The corpus with the trees of the parser that the settings name, if it is not its own."""
    if config.parser.name in (TREES, BIAFFINE):
        return corpus, None
    if config.data.shuffle is not None:
        raise InputError("data.shuffle spoils the trees of the corpus: leave parser.name at trees.")
    if config.parser.name == RUN:
        raise InputError("A new run has no parser yet: --parser biaffine learns one.")
    parser = load_parser(config.parser.name)
    splits = {split: tuple(parser.parse(rows)) for split, rows in corpus.splits.items()}
    note = f"trees of {parser.name} {parser.version} in place of the corpus's own"
    return replace(corpus, splits=splits, notes=(*corpus.notes, note)), parser.record


def _read(config: RunConfig, sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """Sentences of dev or test as the model is to read them.

    One that learned on trees of parsers reads those of its own.
    """
    if config.parser.jackknife is None:
        return sentences
    return [sentence.without_tree() for sentence in sentences]


def _accelerator(device: str, precision: str) -> Accelerator:
    """What runs the loop, on that device and with that precision.

    Raises:
        InputError: It cannot, here or any more: accelerate fixes both for the life of a process.
    """
    kind = pick_device(device).type
    try:
        accelerator = Accelerator(cpu=kind == "cpu", mixed_precision=precision)
        again = accelerator.device.type != kind
    except ValueError as error:
        again = "already been initialized" in str(error)
        if not again:
            message = f"Cannot train with --training.precision {precision} on {kind}: {error}"
            raise InputError(message) from error
    if again:
        raise InputError(
            "This process has trained with another precision or on another device before, and "
            f"accelerate keeps to the first: train with {precision} on {kind} in a new process."
        )
    return accelerator


def _fit(
    ner: SynNER,
    config: RunConfig,
    sentences: Sequence[Sentence],
    trees: Sequence[Sentence],
    dev: Sequence[Sentence],
    output: Path,
    accelerator: Accelerator,
    progress: bool,
) -> list[dict[str, Any]]:
    """The loop. Leaves the best epoch in `output` and returns a record of every epoch.

    The model reads the trees of `sentences`; its own parser, if it has one, learns from `trees`.
    """
    settings = config.training
    batches = LengthGroupedBatches([len(s) for s in sentences], settings.batch_size, settings.seed)
    steps = len(batches) * settings.epochs
    learner = Learner(ner.model, config, steps, accelerator)

    def collate(rows: Sequence[int]) -> Batch:
        gold = [trees[row] for row in rows]
        return ner.model.collator([sentences[row] for row in rows], gold_trees=gold)

    history: list[dict[str, Any]] = []
    best, best_epoch = -1.0, 0
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        with progress_bar(
            f"epoch {epoch}/{settings.epochs}", len(batches), progress, accelerator
        ) as tick:
            total = learner.epoch(batches.epoch(epoch), collate, tick)
        score = 0.0
        record: dict[str, Any] = {
            "epoch": epoch,
            "loss": total / len(sentences),
            "seconds": time.perf_counter() - started,
        }
        if dev:
            report = _on_main(accelerator, lambda: evaluate(ner, _read(config, dev), "dev"))
            record["dev_f1"] = score = report.overall.f1
            if ner.model.parser is not None:
                own = _on_main(accelerator, lambda: evaluate_trees(ner, dev, "dev"))
                record["dev_las"] = own.all.las
                score = (score + record["dev_las"]) / 2
        history.append(record)
        speed = len(sentences) / record["seconds"]
        logger.info(
            "epoch %d: loss %.4f%s, %.1f sentences/s",
            epoch,
            record["loss"],
            "".join(
                f", {name} {record[key]:.2f}"
                for key, name in (("dev_f1", "dev F1"), ("dev_las", "dev LAS"))
                if key in record
            ),
            speed,
        )
        if not dev or score > best:
            best, best_epoch = score, epoch
            if accelerator.is_main_process:
                ner.save_pretrained(output)
        elif settings.patience is not None and epoch - best_epoch >= settings.patience:
            logger.info("No better dev F1 for %d epochs: stopping", settings.patience)
            break
    accelerator.wait_for_everyone()
    return history


def _on_main(accelerator: Accelerator, work: Any) -> Any:
    """Do something in the main process and tell all others what came out."""
    result = [work() if accelerator.is_main_process else None]
    broadcast_object_list(result)
    return result[0]


def _inputs(config: RunConfig) -> list[Path]:
    """The files and folders that a training reads."""
    data, encoder = config.data, config.encoder
    named = [data.train, data.dev, data.test, encoder.vectors, encoder.features, Path(encoder.name)]
    return [path for path in named if path is not None and path.exists()]


@contextmanager
def _writing(folder: RunFolder, enabled: bool) -> Iterator[None]:
    """Keep others out of the folder, and log into its workspace, which goes when all is done."""
    if not enabled:
        yield
        return
    with folder.lock():
        folder.clear_workspace()
        with _log_file(folder.workspace() / LOG):
            yield
        folder.clear_workspace()


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Write what the package logs into the run's log as well."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package = logging.getLogger("synner_graph")
    previous = package.level
    package.addHandler(handler)
    package.setLevel(min(previous or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(previous)
        handler.close()


def _metrics(
    config: RunConfig,
    corpus: Corpus,
    ner: SynNER,
    reports: Sequence[Report],
    epochs: list[dict[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    """Everything that is needed to understand the run and to repeat it."""
    pretrained = [
        part.transformer for part in ner.model.modules() if isinstance(part, TransformerEncoder)
    ]
    return {
        **{report.split: report.to_json() for report in reports},
        "unknown_relations": {report.split: report.unknown_relations for report in reports},
        "epochs": epochs,
        "seconds": seconds,
        "counts": {
            split: {
                "sentences": len(rows),
                "tokens": sum(map(len, rows)),
                "entities": sum(len(sentence.entities) for sentence in rows),
            }
            for split, rows in corpus.splits.items()
        },
        "parser": ner.parser_record.to_json(),
        "corpus": {"name": corpus.name, "notes": list(corpus.notes)},
        "parameters": _parameters(ner.model),
        "parameters_from_scratch": _parameters(ner.model) - sum(map(_parameters, pretrained)),
        "graph_backend": ner.backend.name,
        "device": str(ner.device),
        "config": config.model_dump(mode="json"),
        "seed": config.training.seed,
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _parameters(module: nn.Module, trained: bool = False) -> int:
    """How many numbers a module holds, or how many of them are trained."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trained)


def _on_own_trees(ner: SynNER, splits: Iterable[tuple[str, Sequence[Sentence]]]) -> dict[str, Any]:
    """How good the trees of the model's own parser are, and the entities that it finds on them."""
    if ner.model.parser is None:
        return {}
    trees, entities = {}, {}
    for split, sentences in splits:
        if sentences:
            report = evaluate_trees(ner, sentences, split)
            logger.info(
                "%s: own parser UAS %.2f, LAS %.2f (%.2f and %.2f without punctuation)",
                *(split, report.all.uas, report.all.las),
                *(report.without_punctuation.uas, report.without_punctuation.las),
            )
            unparsed = [sentence.without_tree() for sentence in sentences]
            trees[split] = report.to_json()
            entities[split] = evaluate(ner, unparsed, split).overall.to_json()
    return {"trees": trees, "entities_on_own_trees": entities}


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
