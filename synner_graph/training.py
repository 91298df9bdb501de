"""Training: one loop, on accelerate, from a corpus to a run folder."""

import json
import logging
import math
import platform
import random
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, set_seed
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from synner_graph.config import ModelConfig, RunConfig, TrainingConfig
from synner_graph.data.catalogue import Corpus
from synner_graph.data.collate import Batch
from synner_graph.data.features import open_features
from synner_graph.data.lexicon import Lexicon, count_words
from synner_graph.data.nesting import is_nested
from synner_graph.data.sentence import Sentence
from synner_graph.data.vectors import read_vectors
from synner_graph.data.vocabulary import Vocabularies
from synner_graph.encoders import (
    FeatureEncoder,
    TransformerEncoder,
    WordEncoder,
    check_encoder,
    has_transformer,
    load_blueprint,
    reads_words,
    resolve,
    spelling,
)
from synner_graph.encoders.depth import layer_count, parameter_levels
from synner_graph.errors import InputError
from synner_graph.evaluation import Report
from synner_graph.gnn import check_options
from synner_graph.inference import SynNER, pick_device
from synner_graph.model_card import model_card
from synner_graph.parsers import RUN, TREES, ParserRecord, load_parser
from synner_graph.parsers.biaffine import BIAFFINE
from synner_graph.text import resolve_tokenizer

METRICS = "metrics.json"
LOG = "train.log"
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
        overwrite: replace what the folder holds.
        progress: show progress bars.
        kernel: implementation of the Syn-LSTM and the CRF: see `operators.choice.NAMES`.

    Returns:
        What metrics.json holds, and the reports on dev and test; nothing outside the main process.

    Raises:
        InputError: for settings that do not fit the corpus or this machine.
    """
    corpus, record = _parsed(config, corpus)
    sentences = corpus.splits.get("train", ())
    dev, test = corpus.splits.get("dev", ()), corpus.splits.get("test", ())
    if not any(sentence.entities for sentence in sentences):
        raise InputError("The training split has no entities, so there is nothing to learn.")
    started = time.perf_counter()
    accelerator = _accelerator(device, config.training.precision)
    set_seed(config.training.seed)
    lexicon = _read_lexicon(config, sentences, (*dev, *test))
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
        _prepare_folder(output, overwrite)
    accelerator.wait_for_everyone()
    with _log_file(output / LOG, enabled=accelerator.is_main_process):
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
            # Training a parser is training, so this module cannot import that one while it loads.
            from synner_graph.parsers.biaffine.jackknife import jackknife

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
            reports = [best.evaluate(_read(config, rows), split) for split, rows in splits if rows]
            metrics = _metrics(config, corpus, best, reports, epochs, seconds)
            metrics["parser"] |= _on_own_trees(best, splits)
            text = json.dumps(metrics, indent=2, ensure_ascii=False)
            (output / METRICS).write_text(text + "\n", encoding="utf-8")
            (output / "README.md").write_text(model_card(metrics), encoding="utf-8")
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


def _read_lexicon(
    config: RunConfig, sentences: Sequence[Sentence], others: Sequence[Sentence]
) -> Lexicon | None:
    """The words of a model that reads words, with the vectors of those that have one."""
    settings = config.encoder
    check_encoder(settings)
    if not reads_words(settings):
        return None
    how, vectors = spelling(settings), None
    if settings.vectors is not None:
        words = count_words((*sentences, *others), how)
        forms = {form for word in words for form in how.forms(word)}
        vectors = read_vectors(settings.vectors, forms)
    lexicon = Lexicon.collect(sentences, others, how, vectors, settings.fix_words)
    if vectors is not None and len(lexicon.ids) == 0:
        raise InputError(f"None of the words of the corpus has a vector in {settings.vectors}.")
    return lexicon


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


def new_recogniser(
    config: RunConfig,
    sentences: Sequence[Sentence],
    backend: str,
    device: torch.device,
    kernel: str,
    lexicon: Lexicon | None = None,
) -> SynNER:
    """A recogniser for the labels, relations and characters of the training sentences.

    Its words are those of the lexicon, where it reads words; by default those of the sentences.
    """
    lexicon = lexicon or _read_lexicon(config, sentences, ())
    architecture = _resolved(config.model, sentences, lexicon)
    vocabularies = Vocabularies.collect(sentences, config.gnn.fold_subtypes)
    if lexicon is not None:
        vocabularies = replace(vocabularies, words=lexicon.words)
    source = blueprint = None
    if has_transformer(config.encoder):
        source = resolve(config.encoder.name)
        blueprint = load_blueprint(source, config.encoder.transformer_dropout)
    ner = SynNER.build(architecture, vocabularies, blueprint, backend, device, kernel)
    if source is not None:
        ner.load_encoder(source)
    if lexicon is not None:
        ner.load_words(lexicon)
    if config.encoder.features is not None:
        ner.use_features(config.encoder.features)
    return ner


def _resolved(
    config: ModelConfig, sentences: Sequence[Sentence], lexicon: Lexicon | None
) -> ModelConfig:
    """What the settings leave open: the GNN layer's options, the tokenizer, the widest span.

    A saved run holds them, so that it stays what it is when a default changes. It also holds its
    words, so it names no file with vectors; and features belong to sentences, not to a model.
    """
    encoder: dict[str, Any] = {"vectors": None, "features": None}
    if config.encoder.features is not None:
        encoder["features_size"] = open_features(config.encoder.features).width(sentences[0])
    if lexicon is not None and config.encoder.vectors is not None:
        encoder["word_size"] = lexicon.matrix.shape[1]
    config = config.model_copy(
        update={
            "encoder": config.encoder.model_copy(update=encoder),
            "gnn": check_options(config.gnn),
            "text": resolve_tokenizer(config.text, sentences),
        }
    )
    if config.head.max_width is not None:
        return config
    widest = max(e.end - e.start for sentence in sentences for e in sentence.entities)
    head = config.head.model_copy(update={"max_width": widest})
    return config.model_copy(update={"head": head})


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
            report = _on_main(accelerator, lambda: ner.evaluate(_read(config, dev), "dev"))
            record["dev_f1"] = score = report.overall.f1
            if ner.model.parser is not None:
                own = _on_main(accelerator, lambda: ner.evaluate_trees(dev, "dev"))
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


class Learner:
    """Takes the steps of a training run.

    Args:
        model: what learns.
        config: every setting.
        steps: how many there will be, for the learning rates to rise and fall over.
        accelerator: where it runs.
    """

    def __init__(
        self, model: nn.Module, config: RunConfig, steps: int, accelerator: Accelerator
    ) -> None:
        optimizer = _optimizer(model, config)
        self.schedule = _schedule(optimizer, config.training, steps)
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.accelerator = accelerator
        self.clip_norm = config.training.clip_norm
        self.loss = config.training.loss

    def epoch(
        self,
        batches: Iterable[list[int]],
        collate: Callable[[Sequence[int]], Batch],
        tick: Callable[[str], None],
    ) -> float:
        """Learn from batches of rows once; the loss, summed over all rows.

        Raises:
            InputError: The loss is no longer a number.
        """
        processes, total = self.accelerator.num_processes, 0.0
        self.model.train()
        for rows in batches:
            # Each process takes its share of the global batch. Their gradients are averaged, so
            # this sum becomes the mean (or the sum) over the sentences of the global batch. A
            # process that the last batch leaves without a share takes part with weight 0.
            share = rows[self.accelerator.process_index :: processes]
            divisor = len(rows) if self.loss == "mean" else 1
            scale = processes / divisor if share else 0.0
            loss = self.step(collate(share or rows[:1]).to(self.accelerator.device), scale)
            value = self.accelerator.reduce(loss, "mean").item()
            if not math.isfinite(value):
                raise InputError(f"The loss became {value}: lower the learning rates.")
            total += value * divisor
            tick(f"loss {value:7.3f}")
        return total

    def step(self, batch: Batch, scale: float) -> Tensor:
        """Learn from a batch; its loss times `scale`, without gradient. *Shape:* []"""
        loss: Tensor = self.model(batch) * scale
        self.accelerator.backward(loss)
        if self.clip_norm:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return loss.detach()


class LengthGroupedBatches:
    """Batches of sentences of similar length, in an order drawn anew for every epoch.

    Args:
        lengths: tokens of each sentence.
        batch_size: sentences in a batch.
        seed: of the draw.
        pool: batches whose sentences are sorted together; larger saves more padding and mixes less.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, pool: int = 50) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.pool = pool

    def __len__(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.lengths) // self.batch_size)

    def epoch(self, number: int) -> Iterator[list[int]]:
        """The batches of an epoch, as rows of `lengths`; every row comes exactly once."""
        draw = random.Random(f"{self.seed}-{number}")
        rows = list(range(len(self.lengths)))
        draw.shuffle(rows)
        size, pool = self.batch_size, self.batch_size * self.pool
        batches: list[list[int]] = []
        for start in range(0, len(rows), pool):
            group = sorted(rows[start : start + pool], key=lambda row: self.lengths[row])
            batches.extend(group[first : first + size] for first in range(0, len(group), size))
        draw.shuffle(batches)
        yield from batches


def _optimizer(model: nn.Module, config: RunConfig) -> Optimizer:
    """One rate for pretrained weights and one for the rest; only matrices decay."""
    settings = config.training
    pretrained = {
        id(parameter): rate
        for part in model.modules()
        if isinstance(part, TransformerEncoder)
        for parameter, rate in _layer_rates(part.transformer, settings)
    }
    # A step that does not see a word must not shrink it.
    words = {id(part.vectors.weight) for part in model.modules() if isinstance(part, WordEncoder)}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        rate = pretrained.get(id(parameter), settings.learning_rate)
        matrix = parameter.dim() > 1 and id(parameter) not in words
        decay = settings.weight_decay if matrix else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    tables = [{"params": p, "lr": rate, "weight_decay": w} for (rate, w), p in groups.items()]
    if settings.optimizer == "sgd":
        return SGD(tables)
    return AdamW(tables, betas=settings.betas, fused=True)


def _layer_rates(
    transformer: nn.Module, settings: TrainingConfig
) -> Iterator[tuple[nn.Parameter, float]]:
    """The peak rate of each weight of a transformer: the deeper its layer, the lower.

    Source: Howard and Ruder (ACL 2018), section 3.2; Clark et al. (ICLR 2020), appendix B.
    """
    if settings.layer_decay == 1:
        yield from ((p, settings.encoder_learning_rate) for p in transformer.parameters())
        return
    levels = parameter_levels(transformer)
    layers = layer_count(transformer)
    for name, parameter in transformer.named_parameters():
        below_top = max(layers - levels[name], 0)
        yield parameter, settings.encoder_learning_rate * settings.layer_decay**below_top


def _schedule(optimizer: Optimizer, settings: TrainingConfig, steps: int) -> LambdaLR:
    """Warm-up, then down to 0 by the last step, or down with each epoch (`inverse`)."""
    warmup = round(settings.warmup * steps)

    def share(step: int) -> float:
        if step < warmup:
            return step / warmup
        if settings.schedule == "linear":
            return max(0.0, (steps - step) / max(1, steps - warmup))
        return 1 / (1 + settings.decay * (step * settings.epochs // steps))

    return LambdaLR(optimizer, share)


def _on_main(accelerator: Accelerator, work: Any) -> Any:
    """Do something in the main process and tell all others what came out."""
    result = [work() if accelerator.is_main_process else None]
    broadcast_object_list(result)
    return result[0]


@contextmanager
def progress_bar(title: str, total: int, enabled: bool, accelerator: Accelerator) -> Iterator[Any]:
    """A progress bar; yields the function that advances it by one batch."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    hidden = not (enabled and accelerator.is_main_process)
    with Progress(*columns, console=Console(stderr=True), disable=hidden) as bar:
        task = bar.add_task(title, total=total, note="")
        yield lambda note: bar.update(task, advance=1, note=note)


def _prepare_folder(output: Path, overwrite: bool) -> None:
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file; --output must name a folder.")
    if output.is_dir() and any(output.iterdir()):
        if not overwrite:
            raise InputError(f"The folder {output} is not empty: name another, or use --overwrite.")
        if not (output / LOG).is_file():
            raise InputError(
                f"{output} does not look like a run ({LOG} is missing): not overwritten."
            )
        shutil.rmtree(output)
    output.mkdir(parents=True, exist_ok=True)


@contextmanager
def _log_file(path: Path, enabled: bool) -> Iterator[None]:
    """Write what the package logs into the run's log as well."""
    if not enabled:
        yield
        return
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
            report = ner.evaluate_trees(sentences, split)
            logger.info(
                "%s: own parser UAS %.2f, LAS %.2f (%.2f and %.2f without punctuation)",
                *(split, report.all.uas, report.all.las),
                *(report.without_punctuation.uas, report.without_punctuation.las),
            )
            unparsed = [sentence.without_tree() for sentence in sentences]
            trees[split] = report.to_json()
            entities[split] = ner.evaluate(unparsed, split).overall.to_json()
    return {"trees": trees, "entities_on_own_trees": entities}


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
