"""Every text is read once by some thread, for every number of threads in turn."""

import threading
from collections import Counter
from typing import Any

import pytest
import torch

from synner_graph.benchmarking.threads import WARM_UP, Throughput, measure_threads, to_json
from synner_graph.errors import InputError


class Reader:
    """Notes who reads what, and how many read at once."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self.threads: list[int] = []
        self.together = threading.Barrier(2, timeout=30)
        self.meet = False

    def __call__(self, text: str) -> None:
        self.read[text] += 1
        self.threads.append(torch.get_num_threads())
        if self.meet:
            self.together.wait()


def test_all_texts_are_read_by_every_number_of_threads() -> None:
    reader: Any = Reader()
    found = measure_threads(reader, ["a", "b"], 10, [1, 2], rounds=3)
    # Ten to warm up, and ten for each number of threads in each round.
    assert reader.read == {"a": 35, "b": 35}
    assert set(reader.threads) == {1}
    assert [row.threads for row in found] == [1, 2]
    assert found[0].ratio == 1
    assert found[1].ratio == found[1].texts_per_second / found[0].texts_per_second
    assert to_json(found, 10, 3)["measurements"][0]["threads"] == 1


def test_two_threads_read_at_once() -> None:
    reader: Any = Reader()

    class Meeting(Reader):
        def __call__(self, text: str) -> None:
            self.meet = len(self.threads) >= WARM_UP
            super().__call__(text)

    reader = Meeting()
    assert isinstance(measure_threads(reader, ["a"], WARM_UP, [2], rounds=1)[0], Throughput)
    assert reader.read == {"a": 2 * WARM_UP}  # each of the second half waited for another


@pytest.mark.parametrize("threads", [[], [0], [1, 1]])
def test_wrong_numbers_are_refused(threads: list[int]) -> None:
    reader: Any = Reader()
    with pytest.raises(InputError, match="expected numbers of threads"):
        measure_threads(reader, ["a"], 1, threads, 1)
    with pytest.raises(InputError, match="expected texts"):
        measure_threads(reader, [], 1, [1], 1)
