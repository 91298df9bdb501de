"""Operator tests: seed fixed, fresh memory full of NaN, on the CPU and on a GPU if there is one."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _reproducible() -> Iterator[None]:
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(
        True, warn_only=True
    )  # fills what torch.empty gives with NaN
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(params=["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)
