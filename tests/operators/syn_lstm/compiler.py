"""Tests that need the C++ kernel skip, visibly, where there is no compiler."""

import shutil
from typing import Any

import pytest

from synner_graph.operators.build import COMPILERS

no_compiler = pytest.mark.skipif(
    not any(map(shutil.which, COMPILERS)), reason="there is no C++ compiler"
)


def needs_compiler(*values: Any) -> Any:
    """A parameter of a test."""
    return pytest.param(*values, marks=no_compiler)
