"""Compile C++ kernels at first use into the user's cache.

A kernel is one source file, perhaps with headers beside it: plain C functions on raw pointers
(`extern "C"`, no PyTorch headers). It compiles in a second or two and is called through `ctypes`,
without the GIL. It uses threads by OpenMP: in a process that has imported PyTorch its symbols
resolve to PyTorch's own runtime, so both share one pool of threads and never fight for cores.

The library's name holds a digest of all that decides what is in it: the source, the headers beside
it and beside this file, the compiler, the flags, the processor and PyTorch. Nothing is ever
overwritten, so processes, versions and machines can share one cache.
"""

import ctypes
import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch

from synner_graph.files import WriteError, cache_folder, make_folder, write_bytes

COMPILER_VARIABLE = "CXX"
COMPILERS = ("c++", "g++", "clang++")
HEADERS = Path(__file__).parent
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared")
HOST_FLAGS = (("-march=native", "-fopenmp"), ("-march=native",), ("-fopenmp",), ())
"""Tried in this order: some compilers lack OpenMP, some do not know the host."""


class BuildError(Exception):
    """A kernel cannot be built or loaded here; the message can follow "because"."""


def library(source: Path) -> ctypes.CDLL:
    """Load the compiled source; build it if it was never built.

    Raises:
        BuildError: There is no compiler, it fails, or the cache cannot be written.
    """
    outcome = _outcome(source)
    if isinstance(outcome, BuildError):
        raise outcome
    return outcome


def build_obstacle(source: Path) -> str | None:
    """Say why `library(source)` raises; None if it does not. Both try once in a process."""
    outcome = _outcome(source)
    return str(outcome) if isinstance(outcome, BuildError) else None


def kernel_folder() -> Path:
    """Return the folder of compiled kernels."""
    return cache_folder("kernels")


@cache
def _outcome(source: Path) -> ctypes.CDLL | BuildError:
    try:
        path = _built(source)
        return ctypes.CDLL(str(path))
    except BuildError as error:
        return error
    except (OSError, WriteError) as error:
        return BuildError(f"its compiled library cannot be kept and loaded here ({error})")


def _built(source: Path) -> Path:
    """Return the library of a source, in the cache."""
    compiler = _compiler()
    folder = kernel_folder()
    path = folder / f"{source.stem}-{_digest(source, compiler)}.so"
    if path.is_file():
        return path
    make_folder(folder)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process builds, the others wait for it
        if not path.is_file():
            with tempfile.TemporaryDirectory() as draft:
                finished = Path(draft, path.name)
                _compile(compiler, source, finished)
                write_bytes(path, finished.read_bytes())
    return path


def _compile(compiler: tuple[str, ...], source: Path, target: Path) -> None:
    complaint = ""
    for flags in HOST_FLAGS:
        command = [*compiler, *FLAGS, *flags, f"-I{HEADERS}", str(source), "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        complaint = complaint or (done.stderr.strip().splitlines() or ["no message"])[0]
    raise BuildError(f"{shlex.join(compiler)} cannot compile {source.name} ({complaint})")


def _compiler() -> tuple[str, ...]:
    chosen = os.environ.get(COMPILER_VARIABLE)
    for name, *arguments in (shlex.split(chosen),) if chosen else ((name,) for name in COMPILERS):
        found = shutil.which(name)
        if found is not None:
            return found, *arguments
    names = chosen or ", ".join(COMPILERS)
    raise BuildError(f"there is no C++ compiler (looked for {names})")


def _digest(source: Path, compiler: tuple[str, ...]) -> str:
    version = subprocess.run([*compiler, "--version"], capture_output=True, check=False).stdout
    parts = [
        source.read_bytes(),
        *(
            header.read_bytes()
            for folder in (HEADERS, source.parent)
            for header in sorted(folder.glob("*.h"))
        ),
        version,
        repr((compiler, FLAGS, HOST_FLAGS)).encode(),
        _processor().encode(),
        torch.__version__.encode(),
    ]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:24]


def _processor() -> str:
    """Describe the processor, as `-march=native` depends on it."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text("utf-8").splitlines() if described.is_file() else []
    told = {line for line in lines if line.startswith(("model name", "flags", "Features", "CPU p"))}
    return "\n".join([platform.machine(), platform.processor(), *sorted(told)])
