"""One implementation beside a baseline: the time it takes, or the memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch.profiler import ProfilerActivity, profile

from synner_graph.benchmarking.timing import interleaved


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one implementation needs.

    Attributes:
        name: Of what is computed.
        shape: Of its input.
        implementation: Its name.
        baseline: Name of what it is compared with.
        ratio: That of the baseline is 1; less is better.
        seconds: The median; None where memory is compared.
        megabytes: The peak of what was allocated; None where time is compared.
    """

    name: str
    shape: str
    implementation: str
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
) -> list[Comparison]:
    """Time functions, by implementation, one of which is the baseline."""
    seconds = interleaved(functions, rounds)
    return [
        Comparison(name, shape, implementation, baseline, s / seconds[baseline], seconds=s)
        for implementation, s in seconds.items()
    ]


def compare_memory(
    name: str, shape: str, functions: Mapping[str, Callable[[], object]], baseline: str
) -> list[Comparison]:
    """Weigh functions, by implementation, one of which is the baseline."""
    peaks = {implementation: peak_bytes(function) for implementation, function in functions.items()}
    return [
        Comparison(
            name, shape, implementation, baseline, peak / peaks[baseline], megabytes=peak / 1e6
        )
        for implementation, peak in peaks.items()
    ]


def peak_bytes(function: Callable[[], object]) -> int:
    """The most memory that PyTorch held on the CPU for what a function allocated."""
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
