"""Time one recogniser that is used by several threads of a program."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from synner_graph.benchmarking.timing import threads as torch_threads
from synner_graph.errors import InputError
from synner_graph.recogniser.recogniser import Recogniser

WARM_UP = 20
"""Texts that are read before anything is timed."""


@dataclass(frozen=True)
class Throughput:
    """How fast texts were named.

    Attributes:
        threads: Of the program, each of which took one text after the other.
        texts_per_second: Of all threads together, the median of the rounds.
        ratio: To the first number of threads that was measured.
    """

    threads: int
    texts_per_second: float
    ratio: float


def measure_threads(
    ner: Recogniser, texts: Sequence[str], number: int, threads: Sequence[int], rounds: int
) -> list[Throughput]:
    """Name texts on several numbers of threads, which take turns.

    PyTorch has one thread for each of them, so that two threads of the program use two cores.

    Args:
        ner: Used by all threads.
        texts: What is read, again and again.
        number: How many texts are read each time.
        threads: Numbers of threads of the program.
        rounds: How often each number is timed.

    Raises:
        InputError: There are no texts, or a number of threads is below 1 or given twice.
    """
    if not texts:
        raise InputError("expected texts to read, got none")
    if min(threads, default=0) < 1 or len(set(threads)) < len(threads):
        raise InputError(f"expected numbers of threads such as 1,2, got {list(threads)}")
    work = list(islice(cycle(texts), number))
    rates: dict[int, list[float]] = {count: [] for count in threads}
    with torch_threads(1):
        for text in work[:WARM_UP]:
            ner(text)
        for _ in range(rounds):
            for count in threads:
                rates[count].append(len(work) / _seconds(ner, work, count))
    median = {count: statistics.median(values) for count, values in rates.items()}
    first = median[threads[0]]
    return [Throughput(count, rate, rate / first) for count, rate in median.items()]


def _seconds(ner: Recogniser, texts: Sequence[str], count: int) -> float:
    with ThreadPoolExecutor(count) as pool:
        began = time.perf_counter()
        for _ in pool.map(ner, texts):
            pass
        return time.perf_counter() - began


def to_json(found: Sequence[Throughput], texts: int, rounds: int) -> dict[str, Any]:
    """Return plain values."""
    rows = [
        {"threads": f.threads, "texts_per_second": f.texts_per_second, "ratio": f.ratio}
        for f in found
    ]
    return {"texts": texts, "rounds": rounds, "measurements": rows}
