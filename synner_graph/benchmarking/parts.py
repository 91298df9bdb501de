"""Measure time by part: by function, and by backward pass of a function."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from torch import Tensor


class PartClock:
    """Counts every moment for one part of the work, so that the parts sum up to the whole.

    Attributes:
        seconds: By part, in the order in which the parts were first left.
        runs: Whether it is running.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.runs = False
        self._part = ""
        self._since = 0.0

    @contextmanager
    def running(self, rest: str) -> Iterator[None]:
        """Measure what is done within; time of no other part counts for `rest`."""
        self._part, self._since, self.runs = rest, time.perf_counter(), True
        try:
            yield
        finally:
            self.enter(rest)
            self.runs = False

    def enter(self, part: str) -> None:
        """Count time for `part` from now on."""
        now = time.perf_counter()
        if self.runs:
            self.seconds[self._part] = self.seconds.get(self._part, 0.0) + now - self._since
        self._part, self._since = part, now

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        """Count time for `part` within, and afterwards for the part before."""
        before = self._part
        self.enter(part)
        try:
            yield
        finally:
            self.enter(before)

    def watch(self, owner: Any, method: str, part: str) -> None:
        """Count a method of an object for `part`, with the backward pass of what it returns.

        Autograd goes through the graph in the reverse order of its making. So the gradient of what
        a function returns is complete just when the function's own backward pass begins.
        """
        function: Callable[..., Any] = getattr(owner, method)

        @wraps(function)
        def watched(*arguments: Any, **named: Any) -> Any:
            with self.within(part):
                result = function(*arguments, **named)
            if isinstance(result, Tensor) and result.requires_grad:
                result.register_hook(lambda _: self.enter(part))  # type: ignore[no-untyped-call]
            return result

        setattr(owner, method, watched)
