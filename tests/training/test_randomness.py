"""Random states go to JSON and back; sums come out the same whatever the threads do."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.training.learner import Learner
from synner_graph.training.randomness import random_states, repeatable, restore_random_states
from synner_graph.training.run import train
from tests.fixtures import tiny_config

CPU = torch.device("cpu")


def draw() -> list[float]:
    return [
        *(random.random(), random.gauss(0, 1)),
        *np.random.rand(3).tolist(),
        *(np.random.normal(), float(torch.randn(())), float(torch.rand(()))),
        *torch.nn.functional.dropout(torch.ones(50)).tolist(),
    ]


def test_the_same_numbers_come_again() -> None:
    draw()  # Gaussian numbers come in pairs, so that half a pair is a part of the state
    states = json.loads(json.dumps(random_states(CPU)))
    first = draw()
    assert draw() != first
    restore_random_states(states, CPU)
    assert draw() == first


def test_looking_changes_nothing() -> None:
    states = random_states(CPU)
    assert random_states(CPU) == states


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_sums_do_not_depend_on_which_thread_is_first(two_threads: None) -> None:
    x = torch.randn(3_000, 256, requires_grad=True)
    rows = torch.randint(0, 3_000, (20_000,))
    weights = torch.randn(20_000, 256)
    with repeatable(torch.device("cpu")):
        found = [torch.autograd.grad((x[rows] * weights).sum(), x)[0] for _ in range(4)]
    assert all(torch.equal(found[0], gradient) for gradient in found)
    torch.set_num_threads(1)
    [alone] = torch.autograd.grad((x[rows] * weights).sum(), x)
    assert torch.equal(found[0], alone)


def test_only_training_on_a_cpu_is_held_to_it() -> None:
    def state() -> tuple[bool, bool]:
        fill = torch.utils.deterministic.fill_uninitialized_memory
        return torch.are_deterministic_algorithms_enabled(), fill

    before = state()
    with repeatable(torch.device("cuda")):
        assert state() == before
    with pytest.raises(ZeroDivisionError), repeatable(torch.device("cpu")):
        assert state() == (True, False)
        raise ZeroDivisionError
    assert state() == before == (False, True)


BUSY = """
import numpy as np
print("busy", flush=True)
while True:
    np.random.rand(700, 700) @ np.random.rand(700, 700)
"""


@contextmanager
def busy() -> Iterator[None]:
    """Keep two cores busy in another process."""
    threads = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    command = [sys.executable, "-c", BUSY]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **threads})
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


def test_the_same_weights_beside_a_busy_process(
    two_threads: None, small_corpus: Corpus, tmp_path: Path
) -> None:
    # Batches so wide that both threads add to the rows of one gradient.
    sizes = {"gnn__size": 256, "training__batch_size": 48, "training__epochs": 4}
    config = tiny_config("characters", gnn__name="gcn", **sizes)

    def weights(name: str) -> bytes:
        where = {"backend": "torch", "device": "cpu"}
        train(config, small_corpus, tmp_path / name, **where, progress=False)
        return (tmp_path / name / "model.safetensors").read_bytes()

    alone = weights("alone")
    with busy():
        assert weights("beside") == alone


def test_training_is_repeatable(
    tiny_transformer: Path,
    small_corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = []
    step = Learner.step

    def watched(self: Learner, *arguments: Any, **options: Any) -> Any:
        held.append(torch.are_deterministic_algorithms_enabled())
        return step(self, *arguments, **options)

    monkeypatch.setattr(Learner, "step", watched)
    config = tiny_config(tiny_transformer, training__epochs=1)
    train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    assert held and all(held)
