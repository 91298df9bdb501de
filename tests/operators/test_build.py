"""Compiling kernels at first use: the cache, its keys, and machines on which nothing compiles."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from synner_graph.operators import build
from tests.places import ROOT

TWICE = 'extern "C" double twice(double x) { return 2 * x; }\n'

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, build.COMPILERS)), reason="there is no C++ compiler"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SYNNER_CACHE_DIR", str(folder))
    monkeypatch.delenv(build.COMPILER_VARIABLE, raising=False)
    return folder / "kernels"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "twice.cpp"
    path.write_text(TWICE, encoding="utf-8")
    return path


def twice(library: ctypes.CDLL, number: float) -> float:
    library.twice.argtypes, library.twice.restype = [ctypes.c_double], ctypes.c_double
    return float(library.twice(number))


@needs_compiler
def test_a_source_is_compiled_once_and_kept(source: Path, cache: Path) -> None:
    assert build.build_obstacle(source) is None
    assert twice(build.library(source), 2.5) == 5.0

    (kept,) = cache.glob("*.so")
    assert kept.name.startswith("twice-")
    before = kept.stat().st_mtime_ns
    build._outcome.cache_clear()  # as if in a new process
    build.library(source)
    assert [(path, path.stat().st_mtime_ns) for path in cache.glob("*.so")] == [(kept, before)]


@needs_compiler
def test_a_changed_source_header_or_compiler_is_a_new_library(
    source: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.library(source)
    build._outcome.cache_clear()
    source.write_text(TWICE.replace("2 *", "4 *"), encoding="utf-8")
    assert twice(build.library(source), 2.5) == 10.0
    assert len([*cache.glob("*.so")]) == 2

    header = source.with_name("factor.h")
    source.write_text('#include "factor.h"\n' + TWICE.replace("2 *", "FACTOR *"), encoding="utf-8")
    for number, factor in ((3, 6), (4, 8)):
        build._outcome.cache_clear()
        header.write_text(f"#define FACTOR {factor}\n", encoding="utf-8")
        assert twice(build.library(source), 2.5) == 2.5 * factor
        assert len([*cache.glob("*.so")]) == number

    build._outcome.cache_clear()
    (compiler,) = build._compiler()
    monkeypatch.setenv(build.COMPILER_VARIABLE, f"{compiler} -DUNUSED")
    build.library(source)
    assert len([*cache.glob("*.so")]) == 5


@needs_compiler
def test_flags_that_a_compiler_lacks_are_left_out(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (real,) = build._compiler()
    picky = tmp_path / "picky"
    picky.write_text(
        f'#!/bin/sh\ncase "$*" in *-fopenmp*) echo no OpenMP >&2; exit 1;; esac\nexec {real} "$@"\n'
    )
    picky.chmod(0o755)
    monkeypatch.setenv(build.COMPILER_VARIABLE, str(picky))

    assert twice(build.library(source), 3) == 6.0


def test_without_a_compiler_the_reason_is_said(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(source.parent))
    reason = r"there is no C\+\+ compiler \(looked for c\+\+, g\+\+, clang\+\+\)"
    with pytest.raises(build.BuildError, match=reason):
        build.library(source)
    obstacle = build.build_obstacle(source)
    assert obstacle == "there is no C++ compiler (looked for c++, g++, clang++)"


@needs_compiler
def test_a_source_that_does_not_compile_leaves_nothing_behind(source: Path, cache: Path) -> None:
    source.write_text("this is no C++\n", encoding="utf-8")
    obstacle = build.build_obstacle(source)
    assert obstacle is not None
    assert "cannot compile twice.cpp (" in obstacle
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


@needs_compiler
def test_a_cache_that_cannot_be_written_is_said(
    source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.parent.mkdir()
    cache.write_text("a file in its place", encoding="utf-8")
    obstacle = build.build_obstacle(source)
    assert obstacle is not None and "cannot be kept and loaded here" in obstacle


@pytest.mark.slow
@needs_compiler
def test_processes_that_start_at_once_share_one_build(source: Path, cache: Path) -> None:
    code = (
        "import ctypes, sys; from pathlib import Path; from synner_graph.operators import build\n"
        f"function = build.library(Path({str(source)!r})).twice\n"
        "function.argtypes, function.restype = [ctypes.c_double], ctypes.c_double\n"
        "print(function(21))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [process.communicate()[0].strip() for process in running] == ["42.0"] * 4
    assert [process.returncode for process in running] == [0] * 4
    assert sorted(path.suffix for path in cache.iterdir()) == [".lock", ".so"]
