"""Random states go to JSON and back."""

import json
import random

import numpy as np
import torch

from synner_graph.training.randomness import random_states, restore_random_states

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
