"""Kernels: the ways to compute an operator, and the choice of one by name or by speed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from synner_graph.errors import InputError

T = TypeVar("T")
logger = logging.getLogger(__name__)
_said: set[tuple[str, str]] = set()
NAMES = ("auto", "cpu", "triton", "triton-float32", "fused", "naive")
"""The names of all operators' kernels, and `auto`."""


def _nothing(rows: Tensor) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Kernel(Generic[T]):
    """One way to compute an operator.

    Attributes:
        run: Computes it.
        obstacle: Why it cannot serve rows of this device and dtype here, in words that can follow
            "because"; None where it can. It is asked at every call, so what takes long (building,
            say) must be remembered.
    """

    run: T
    obstacle: Callable[[Tensor], str | None] = _nothing


def choose(
    operator: str,
    kernel: str,
    kernels: Mapping[str, Kernel[T]],
    rows: Tensor,
) -> T:
    """Return the function of the kernel asked for; `"auto"` takes the fastest that can run.

    What `auto` chose, and why nothing faster, is logged once.

    Args:
        operator: The operator's name in messages.
        kernel: `"auto"` or a key of `kernels`.
        kernels: Fastest first; the last one can always serve.
        rows: A tensor of the device and dtype that the operator is to work on.

    Raises:
        InputError: There is no kernel of that name, or it cannot serve here.
    """
    if kernel == "auto":
        return _fastest(operator, kernels, rows)
    if kernel not in kernels:
        choices = ", ".join(["auto", *kernels])
        raise InputError(f"Unknown kernel '{kernel}' of {operator}. Choose from: {choices}.")
    chosen = kernels[kernel]
    reason = chosen.obstacle(rows)
    if reason is not None:
        raise InputError(f"The kernel '{kernel}' of {operator} cannot serve, because {reason}.")
    return chosen.run


def or_auto(kernel: str, kernels: Mapping[str, Kernel[T]]) -> str:
    """Return the kernel asked for, or `"auto"` if only another operator has it."""
    only_others = kernel in NAMES and kernel not in kernels
    return "auto" if only_others else kernel


def _fastest(operator: str, kernels: Mapping[str, Kernel[T]], rows: Tensor) -> T:
    obstacles: dict[str, list[str]] = {}
    for name, candidate in kernels.items():
        reason = candidate.obstacle(rows)
        if reason is None:
            reasons = [f"not {' or '.join(n)}, because {why}" for why, n in obstacles.items()]
            _say_once(operator, "; ".join([name, *reasons]))
            return candidate.run
        obstacles.setdefault(reason, []).append(name)
    raise AssertionError(f"no kernel of {operator} can serve: {obstacles}")


def _say_once(operator: str, choice: str) -> None:
    if (operator, choice) not in _said:
        _said.add((operator, choice))
        logger.info("Kernel of %s: %s", operator, choice)
