"""Picking one of an operator's implementations: by name, or the fastest that can serve."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from synner_graph.errors import InputError

T = TypeVar("T")
logger = logging.getLogger(__name__)
_said: set[str] = set()
NAMES = ("auto", "cpu", "triton", "triton-float32", "fused", "naive")
"""Those of all operators' implementations, and `auto`."""


def _nothing(rows: Tensor) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Implementation(Generic[T]):
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
    implementation: str,
    implementations: Mapping[str, Implementation[T]],
    rows: Tensor,
) -> T:
    """The implementation asked for; `"auto"` takes the first of the mapping that can serve.

    What `auto` chose, and why nothing faster, is logged once.

    Args:
        operator: Its name in messages.
        implementation: `"auto"` or a key of `implementations`.
        implementations: Fastest first; the last one can always serve.
        rows: A tensor of the device and dtype that the operator is to work on.

    Raises:
        InputError: There is no implementation of that name, or it cannot serve here.
    """
    if implementation == "auto":
        return _fastest(operator, implementations, rows)
    if implementation not in implementations:
        choices = ", ".join(["auto", *implementations])
        raise InputError(
            f"Unknown implementation '{implementation}' of {operator}. Choose from: {choices}."
        )
    chosen = implementations[implementation]
    reason = chosen.obstacle(rows)
    if reason is not None:
        raise InputError(
            f"The implementation '{implementation}' of {operator} cannot serve, because {reason}."
        )
    return chosen.run


def or_auto(implementation: str, implementations: Mapping[str, Implementation[T]]) -> str:
    """The implementation, or `"auto"` for an operator that lacks it where others have it."""
    missing = implementation in NAMES and implementation not in implementations
    return "auto" if missing else implementation


def _fastest(operator: str, implementations: Mapping[str, Implementation[T]], rows: Tensor) -> T:
    obstacles: dict[str, list[str]] = {}
    for name, candidate in implementations.items():
        reason = candidate.obstacle(rows)
        if reason is None:
            reasons = [f"not {' or '.join(n)}, because {why}" for why, n in obstacles.items()]
            _say_once("; ".join([f"Implementation of {operator}: {name}", *reasons]))
            return candidate.run
        obstacles.setdefault(reason, []).append(name)
    raise AssertionError(f"no implementation of {operator} can serve: {obstacles}")


def _say_once(message: str) -> None:
    if message not in _said:
        _said.add(message)
        logger.info(message)
