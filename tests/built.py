"""The wheel of this project, built from a copy of its files."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.places import ROOT

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
ALONE = ["--no-deps", "--no-index"]


def project_files() -> Iterator[Path]:
    """Every file of the project, without what `make` and its tools create."""
    created = re.compile(r"\.git$|\.venv|runs$|build$|dist$|.*_cache|.*\.egg-info|\.hypothesis")
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if not created.match(name) and name != "__pycache__"]
        for name in files:
            if name != ".git":  # of a worktree: where its repository is
                yield Path(folder, name)


def built_wheel(folder: Path) -> Path:
    """Build the wheel, without the network.

    setuptools writes build/ and *.egg-info beside the sources, so it gets a copy of them.
    """
    source = folder / "source"
    for file in project_files():
        copy = source / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    build = [*PIP, "wheel", *ALONE, "--no-build-isolation", "-w", str(folder), str(source)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("synner_graph-*.whl")
    return wheel
