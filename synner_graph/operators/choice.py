"""Picking one of an operator's implementations by name."""

from collections.abc import Mapping
from typing import TypeVar

from synner_graph.errors import InputError

T = TypeVar("T")


def choose(operator: str, implementation: str, implementations: Mapping[str, T]) -> T:
    """The implementation asked for; `"auto"` takes the first of the mapping.

    Raises:
        InputError: There is no implementation of that name.
    """
    if implementation == "auto":
        return next(iter(implementations.values()))
    if implementation not in implementations:
        choices = ", ".join(["auto", *implementations])
        raise InputError(
            f"Unknown implementation {implementation!r} of {operator}. Choose from: {choices}."
        )
    return implementations[implementation]
