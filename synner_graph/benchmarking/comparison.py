"""Compare kernels with a baseline, in time or in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

from synner_graph.benchmarking.timing import CPU, interleaved


@dataclass(frozen=True, slots=True)
class Comparison:
    """The time or memory that one kernel needs.

    Attributes:
        name: Of what is computed.
        shape: Of its input.
        kernel: The name of the kernel.
        baseline: Name of what it is compared with.
        ratio: That of the baseline is 1; less is better.
        seconds: The median; None where memory is compared.
        megabytes: The peak of what was allocated; None where time is compared.
    """

    name: str
    shape: str
    kernel: str
    baseline: str
    ratio: float
    seconds: float | None = None
    megabytes: float | None = None


def compare_time(
    name: str,
    shape: str,
    functions: Mapping[str, Callable[[], object]],
    baseline: str,
    rounds: int,
    device: torch.device = CPU,
) -> list[Comparison]:
    """Time functions, and compare each with that of the kernel `baseline`."""
    seconds = interleaved(functions, rounds, device)
    return [
        Comparison(name, shape, kernel, baseline, s / seconds[baseline], seconds=s)
        for kernel, s in seconds.items()
    ]


def compare_memory(
    name: str,
    shape: str,
    functions: Mapping[str, Callable[[], object]],
    baseline: str,
    device: torch.device = CPU,
) -> list[Comparison]:
    """Measure peak memory, and compare each function with that of the kernel `baseline`."""
    peaks = {kernel: peak_bytes(function, device) for kernel, function in functions.items()}
    return [
        Comparison(name, shape, kernel, baseline, peak / peaks[baseline], megabytes=peak / 1e6)
        for kernel, peak in peaks.items()
    ]


def peak_bytes(function: Callable[[], object], device: torch.device = CPU) -> int:
    """Return the most memory that PyTorch held on a device while a function ran."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        function()
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    assert profiler.profiler is not None
    changes = [
        (event.start_ns(), event.nbytes())
        for event in profiler.profiler.kineto_results.events()
        if event.name() == "[memory]"
    ]
    held = most = 0
    for _, change in sorted(changes, key=lambda moment: moment[0]):
        held += change
        most = max(most, held)
    return most
