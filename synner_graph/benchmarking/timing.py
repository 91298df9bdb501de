"""Time functions fairly on a machine that is never quite quiet."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


def interleaved(
    functions: Mapping[str, Callable[[], object]],
    rounds: int,
    device: torch.device = CPU,
    warm_up: bool = True,
) -> dict[str, float]:
    """Return the median seconds of each function; they take turns, so a disturbance hits all.

    Args:
        functions: What to time.
        rounds: How often each is timed.
        device: Where they work; a GPU is waited for.
        warm_up: Whether each is called once beforehand; plain Python needs none.
    """
    for function in functions.values() if warm_up else ():
        function()
    wait(device)
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, function in functions.items():
                started = time.perf_counter()
                function()
                wait(device)
                seconds[name].append(time.perf_counter() - started)
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in seconds.items()}


def wait(device: torch.device) -> None:
    """Wait until a GPU has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Run PyTorch, and with it our kernels, on that many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
