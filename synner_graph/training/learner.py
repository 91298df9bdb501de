"""Learner: the steps of a training."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from synner_graph.config import RunConfig
from synner_graph.encoders.base import ConcatEncoder
from synner_graph.errors import InputError
from synner_graph.model.batch import Batch
from synner_graph.training.adversary import Adversary
from synner_graph.training.averages import Averages
from synner_graph.training.optimiser import build_optimizer, build_schedule


class Learner:
    """Takes the steps of a training, and knows all that they have changed.

    Args:
        model: What learns. It gives the loss of a batch, and its encoder is `model.encoder`.
        config: Every setting.
        steps: How many there will be: the schedule of the learning rates needs it.
        accelerator: Where it runs.

    Raises:
        InputError: The settings ask for what the model does not have.
    """

    def __init__(
        self, model: nn.Module, config: RunConfig, steps: int, accelerator: Accelerator
    ) -> None:
        optimizer = build_optimizer(model, config)
        self.module = model
        self.schedule = build_schedule(optimizer, config.training, steps)
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.accelerator = accelerator
        settings = config.training
        self.accumulation = settings.accumulation
        self.clip_norm = settings.clip_norm
        self.loss = settings.loss
        self.rdrop = settings.rdrop
        self.averages = Averages(model, settings.ema) if settings.ema else None
        self.adversary: Adversary | None = None
        if settings.adversarial:
            encoder = cast(ConcatEncoder, model.encoder)
            self.adversary = Adversary(list(encoder.lexical_embeddings()), settings.adversarial)

    def learn(
        self,
        rows: Sequence[int],
        sentences: Callable[[Sequence[int]], int],
        collate: Callable[[Sequence[int]], Batch],
    ) -> float:
        """Learn from the units of a global batch; return the loss, summed over their sentences.

        Args:
            rows: Of the units.
            sentences: How many sentences rows hold.
            collate: Makes a batch of rows.

        Raises:
            InputError: The loss is no longer a number.
        """
        # Each process takes its share of the global batch. Their gradients are averaged, so this
        # sum becomes the mean (or the sum) over the sentences of the global batch. A process that
        # the last batch leaves without a share takes part with weight 0.
        processes = self.accelerator.num_processes
        share = rows[self.accelerator.process_index :: processes]
        divisor = sentences(rows) if self.loss == "mean" else 1
        scale = processes / divisor if share else 0.0
        share = share or rows[:1]
        parts = [share[part :: self.accumulation] for part in range(self.accumulation)]
        device = self.accelerator.device
        loss = self.step([collate(part).to(device) for part in parts if part], scale)
        value: float = self.accelerator.reduce(loss, "mean").item()
        if not math.isfinite(value):
            raise InputError(f"The loss became {value}: lower the learning rates.")
        return value * divisor

    def step(self, parts: Sequence[Batch], scale: float) -> Tensor:
        """Take one step from what this process has of a batch.

        Args:
            parts: Of the batch. Only one at a time takes memory for its backward pass.
            scale: Of the loss.

        Returns:
            The sum of the losses, scaled, without gradient. *Shape:* []
        """
        loss = self._add_gradients(parts, scale)
        if self.adversary is not None:
            with self.adversary.moved():
                self._add_gradients(parts, scale)
        if self.clip_norm:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        if self.averages is not None:
            self.averages.update()
        return loss

    def _add_gradients(self, parts: Sequence[Batch], scale: float) -> Tensor:
        """Add up the gradients of the parts, those of all processes with the last; see `step`."""
        losses: list[Tensor] = []
        for number, batch in enumerate(parts, 1):
            alone = number < len(parts)
            with self.accelerator.no_sync(self.model) if alone else nullcontext():
                loss: Tensor = self.model(batch, self.rdrop) * scale
                self.accelerator.backward(loss)
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averages into the model to score and save it, if there are any; undo it after."""
        return nullcontext() if self.averages is None else self.averages.in_place()

    def finish(self) -> None:
        """Leave the averages in the model, if there are any; no step may follow."""
        if self.averages is not None:
            self.averages.swap()

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that steps change: trained weights, buffers, all averages."""
        frozen = {name for name, p in self.module.named_parameters() if not p.requires_grad}
        found = {
            f"model.{name}": tensor
            for name, tensor in self.module.state_dict().items()
            if name not in frozen
        }
        for index, averages in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer.{index}.{key}": value for key, value in averages.items()}
        if self.averages is not None:
            found |= {f"average.{name}": value for name, value in self.averages.tensors.items()}
        return {name: tensor.contiguous() for name, tensor in found.items()}

    def record(self) -> dict[str, Any]:
        """Return what else steps change, for JSON: learning rates, fp16's scale, averaged steps."""
        schedule = self.schedule.state_dict()
        del schedule["lr_lambdas"]
        scaler = self.accelerator.scaler
        return {
            "schedule": schedule,
            "scaler": None if scaler is None else scaler.state_dict(),
            "averaged": 0 if self.averages is None else self.averages.steps,
        }

    def restore(self, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
        """Go on from what `tensors` and `record` gave.

        Raises:
            InputError: They are of another model.
        """
        weights: dict[str, Tensor] = {}
        averages: dict[str, Tensor] = {}
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "model":
                weights[rest] = tensor
            elif kind == "average":
                averages[rest] = tensor
            else:
                index, _, key = rest.partition(".")
                # A copy of its own: where a tensor begins in memory can decide how it is added up.
                moments.setdefault(int(index), {})[key] = tensor.clone()
        expected = {n.removeprefix("model.") for n in self.tensors() if n.startswith("model.")}
        try:
            if weights.keys() != expected:
                raise RuntimeError(f"its weights differ in {min(weights.keys() ^ expected)}")
            self.module.load_state_dict(weights, strict=False)
            if self.averages is not None:
                self.averages.restore(averages, record["averaged"])
        except RuntimeError as error:
            raise InputError(f"The checkpoint does not fit the model: {error}") from error
        schedule = dict(record["schedule"])
        groups = self.optimizer.state_dict()["param_groups"]
        for group, rate in zip(groups, schedule["_last_lr"], strict=True):
            group["lr"] = rate
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.schedule.load_state_dict({**schedule, "lr_lambdas": [None] * len(groups)})
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(record["scaler"])


def frozen_digest(model: nn.Module) -> str:
    """Return the SHA-256, in hexadecimal, of the weights that no step changes."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            digest.update(name.encode())
            raw = parameter.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            digest.update(raw.numpy().tobytes())
    return digest.hexdigest()
