"""Operator tests: fresh memory is poisoned; on the CPU, and on a GPU if there is one."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def poisoned_memory() -> Iterator[None]:
    """Fresh memory holds NaN, or the greatest integer, so that a cell left unwritten is seen.

    PyTorch does this itself in its deterministic mode, for all tensors that it allocates.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(params=["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)
