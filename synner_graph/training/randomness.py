"""The states of all random number generators, as JSON, and sums that do not depend on chance."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor


def random_states(device: torch.device) -> dict[str, Any]:
    """Return the states of Python's, NumPy's and PyTorch's generators in this process.

    Args:
        device: Where the model runs; a CUDA device has a generator of its own.
    """
    name, keys, *rest = np.random.get_state(legacy=True)
    states = {
        "python": random.getstate(),
        "numpy": [name, np.asarray(keys).tolist(), *rest],
        "torch": _to_text(torch.get_rng_state()),
    }
    if device.type == "cuda":
        states["cuda"] = _to_text(torch.cuda.get_rng_state(device))
    return states


def restore_random_states(states: dict[str, Any], device: torch.device) -> None:
    """Set the generators of this process to what `random_states` found."""
    version, keys, gauss = states["python"]
    random.setstate((version, tuple(keys), gauss))
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(_from_text(states["torch"]))
    if device.type == "cuda":
        torch.cuda.set_rng_state(_from_text(states["cuda"]), device)


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Compute the same to the last bit each time, with the same number of threads.

    Several threads add up the gradients of a row that an index names more than once in the order in
    which they come to it, so that the sum depended on what else the machine did. Here each row is
    added up in one order. On other devices nothing changes.
    """
    if device.type != "cpu":
        yield
        return
    memory: Any = torch.utils.deterministic
    fill = memory.fill_uninitialized_memory
    before = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False  # nothing reads such memory here
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warns)
        memory.fill_uninitialized_memory = fill


def _to_text(state: Tensor) -> str:
    return state.numpy().tobytes().hex()


def _from_text(text: str) -> Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)
