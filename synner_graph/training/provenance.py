"""Where a run comes from: the command, the code, the data, the machine."""

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

PACKAGES = (
    *("synner-graph", "torch", "dgl", "transformers", "tokenizers", "accelerate", "numpy"),
    *("safetensors", "pydantic", "scipy"),
)


def provenance(files: Iterable[Path], processor_seconds: float) -> dict[str, Any]:
    """Say by what a run was made.

    Args:
        files: What was read.
        processor_seconds: What the training took of all cores, in this process.

    Returns:
        `command`, `revision`, `files` (path -> SHA-256), `machine`, `processor_seconds`.
    """
    return {
        "command": list(sys.argv),
        "revision": revision(),
        "files": {str(path): digest(path) for path in sorted(set(files)) if path.is_file()},
        "machine": machine(),
        "processor_seconds": processor_seconds,
    }


def machine() -> dict[str, Any]:
    """Say on what this process runs: system, processor and its model, cores, threads."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "model": _model(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def _model() -> str | None:
    """Return what the processor is called; None where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, None)


def revision(folder: Path | None = None) -> str | None:
    """Return the git revision of the code, with `+changes` where files differ from it.

    Args:
        folder: A checkout; by default that of this package.

    Returns:
        None where the folder is no checkout, as that of an installed package, or git is missing.
    """
    place = folder or Path(__file__).parents[2]
    if not (place / ".git").exists():
        return None
    try:
        commit, changes = (
            subprocess.run(
                ["git", "-C", str(place), *command],
                capture_output=True,
                text=True,
                check=True,
                timeout=30,
            ).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+changes" if changes else commit


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str | None]:
    """Return the versions of Python and of the packages that decide what a run becomes."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
