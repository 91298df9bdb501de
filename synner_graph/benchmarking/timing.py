"""Timing several functions fairly on a machine that is never quite quiet."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch


def interleaved(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each function; they take turns, so that a disturbance hits all of them.

    Args:
        functions: What to time; each is called once beforehand, to warm up.
        rounds: How often each is timed.
    """
    for function in functions.values():
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, function in functions.items():
                started = time.perf_counter()
                function()
                seconds[name].append(time.perf_counter() - started)
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in seconds.items()}


@contextmanager
def threads(number: int) -> Iterator[None]:
    """PyTorch, and with it our kernels, on that many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
