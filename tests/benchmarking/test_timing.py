"""Timing: fair turns, and threads that are given back."""

import torch

from synner_graph.benchmarking.kernels import SHAPES
from synner_graph.benchmarking.timing import interleaved, threads


def test_functions_take_turns_after_a_warm_up() -> None:
    calls: list[str] = []
    seconds = interleaved({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3)
    assert "".join(calls) == "abababab"
    assert seconds.keys() == {"a", "b"}
    assert all(value > 0 for value in seconds.values())


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_the_real_batch_is_as_it_says() -> None:
    lengths = SHAPES["real"]
    assert (len(lengths), max(lengths), round(sum(lengths) / 32)) == (32, 60, 17)
    assert SHAPES["long"] == (120,) * 32
