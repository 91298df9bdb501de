"""Peaks of memory, of this process and of others."""

import os
from pathlib import Path

import pytest

from synner_graph.benchmarking.memory import peak_megabytes, peak_of_module
from synner_graph.errors import InputError
from tests.places import ROOT

MODULE = """
import sys
from synner_graph.benchmarking.memory import peak_megabytes

for megabytes in map(int, sys.argv[1:]):
    bytearray(megabytes * 1_000_000)
print("a line before it", peak_megabytes(), sep="\\n")
"""


def test_the_peak_is_the_most_that_a_process_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greedy.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    little = peak_of_module("greedy", "0")
    assert 3 < little < peak_megabytes()  # which holds PyTorch
    assert peak_of_module("greedy", "90", "60") == pytest.approx(little + 90, abs=8)


def test_a_process_that_fails_is_no_measurement(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="could not be measured: json"):
        peak_of_module("json.tool", "nonsense")
    assert "nonsense" in capfd.readouterr().err
