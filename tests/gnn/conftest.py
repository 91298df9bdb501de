"""Fixtures of the GNN tests."""

import pytest

from tests.gnn.layers import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Every backend's name."""
    name: str = request.param
    return name
