"""The options that say how the machine trains, in one bundle."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer

from synner_graph.cli import options
from synner_graph.cli.bundles import Command, unfold
from synner_graph.training.interval import Interval


@dataclass(frozen=True)
class Machine:
    """How a command trains; each field is an option of the same name."""

    checkpoint_every: options.CheckpointEvery = None
    graph_backend: options.GraphBackend = options.Backend.auto
    kernel: options.Kernel = options.Kernels.auto
    device: options.Device = "auto"

    def arguments(self, context: typer.Context) -> dict[str, Any]:
        """Return them as `train` takes them; `--quiet` shows no bars.

        Raises:
            InputError: `--checkpoint-every` is neither steps nor a time.
        """
        every = self.checkpoint_every
        return {
            "backend": self.graph_backend,
            "device": self.device,
            "kernel": self.kernel,
            "progress": not context.find_root().params["quiet"],
            "checkpoint_every": None if every is None else Interval.parse(every),
        }


AS_IT_IS = Machine()


def trains() -> Callable[[Command], Command]:
    """Give a command the options of `Machine` in place of its parameter `machine`."""
    return unfold("machine", Machine)
