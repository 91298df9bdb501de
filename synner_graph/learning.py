"""What every training does: batches in an order drawn anew, steps, learning rates."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from accelerate import Accelerator
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from synner_graph.config import RunConfig, TrainingConfig
from synner_graph.data.collate import Batch
from synner_graph.encoders import TransformerEncoder, WordEncoder
from synner_graph.encoders.depth import layer_count, parameter_levels
from synner_graph.errors import InputError


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
