"""Learner: the steps of a training run."""

import math
from collections.abc import Callable, Iterable, Sequence

from accelerate import Accelerator
from torch import Tensor, nn

from synner_graph.config import RunConfig
from synner_graph.errors import InputError
from synner_graph.model.batch import Batch
from synner_graph.training.optimiser import build_optimizer, build_schedule


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
        optimizer = build_optimizer(model, config)
        self.schedule = build_schedule(optimizer, config.training, steps)
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
