"""Models that would take more memory than there is are refused before they take it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from synner_graph.errors import InputError

CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
"""Where Linux says what a container may take, and takes: of its two versions."""

FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.eye)
"""What makes the tensors of a model."""

FLOAT = 4
LEAST = 1 << 14
"""What a tensor takes at least, with the objects around it: many small ones take a lot, too."""

SLACK = 1 << 28
"""What a saved model may take beside its weights, while it is built."""

LEARNING = 3
"""What else AdamW keeps for a number that learns: its gradient and two averages."""


def available_memory() -> int:
    """Return the bytes of memory that this process can still take.

    Memory that the system only uses as a cache counts as free. In a container its limit counts.
    """
    free = int(psutil.virtual_memory().available)
    for limit, usage in CGROUPS:
        try:
            allowed, taken = (Path(place).read_text().strip() for place in (limit, usage))
        except OSError:
            continue
        if allowed.isdigit():
            free = min(free, max(0, int(allowed) - int(taken)))
    return free


def check_size(size: int, what: str) -> None:
    """Refuse what takes more memory than there is.

    Raises:
        InputError: It takes more; the message gives both figures.
    """
    free = available_memory()
    if size > free:
        raise InputError(
            f"{what} takes {_gigabytes(size)} of memory, and {_gigabytes(free)} are free."
        )


def check_learning(model: nn.Module) -> None:
    """Refuse a model that is too large to be trained here, now that its weights are in memory.

    Raises:
        InputError: Gradients and averages of its weights take more memory than there is.
    """
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    check_size(FLOAT * LEARNING * learned, f"Training {learned:,} weights, beside the weights,")


@contextmanager
def room_for_new() -> Iterator[None]:
    """Refuse, while a new model is built, one that takes more memory than there is.

    Raises:
        InputError: Its sizes are too large.
    """
    free = available_memory()
    with _Room(
        free,
        f"The model takes more memory than the {_gigabytes(free)} that are free: choose smaller "
        "sizes (gnn.size, gnn.layers, encoder) for it.",
    ):
        yield


@contextmanager
def room_for_saved(weights: Mapping[str, Tensor], folder: Path) -> Iterator[None]:
    """Refuse, while a saved model is built, one that is far larger than its weights.

    Args:
        weights: Those of the run.
        folder: Of the run.

    Raises:
        InputError: The sizes in its config.json are not those of its weights.
    """
    numbers = sum(tensor.numel() for tensor in weights.values())
    with _Room(
        2 * FLOAT * numbers + SLACK,
        f"The run in {folder} cannot be loaded: its config.json and encoder/config.json describe "
        f"a far larger model than the {numbers:,} numbers of its weights.",
    ):
        yield


class _Room(TorchFunctionMode):
    """Counts what the tensors take that are made inside, and stops before it is too much.

    Args:
        limit: Bytes.
        complaint: What is said then.
    """

    def __init__(self, limit: int, complaint: str) -> None:
        super().__init__()
        self.left = limit
        self.complaint = complaint

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Count a tensor before it is made."""
        kwargs = kwargs or {}
        if func in FACTORIES:
            self.left -= max(LEAST, FLOAT * _numbers(*args, **kwargs))
            if self.left < 0:
                raise InputError(self.complaint)
        return func(*args, **kwargs)


def _numbers(*size: Any, **options: Any) -> int:
    """Count the numbers of a tensor by the arguments of what makes it."""
    if not size:
        size = (options.get("size", ()),)
    sides = size if isinstance(size[0], int) else size[0]
    return prod(side for side in sides if isinstance(side, int))


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
