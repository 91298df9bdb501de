"""An environment of its own for each peer."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from synner_graph.benchmarking.peers.catalogue import Peer

PROGRAMS = Path(__file__).parent / "programs"
DONE = "installed.txt"


class CannotInstall(Exception):
    """pip could not install a peer; the message is its last line."""


def python_of(peer: Peer, folder: Path) -> Path:
    """Return the Python that has the peer installed; the first call makes the environment.

    Args:
        peer: Who is to run.
        folder: Holds the environments.

    Raises:
        CannotInstall: pip fails.
    """
    if not peer.packages:
        return Path(sys.executable)
    home = folder / peer.name
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (home / DONE).is_file():
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        pins = {"torch": f"torch=={version('torch').partition('+')[0]}"}
        _run([str(python), "-m", "pip", "install", *(pins.get(p, p) for p in peer.packages)])
        (home / DONE).write_text(_run([str(python), "-m", "pip", "freeze"]), encoding="utf-8")
    return python


def version_of(peer: Peer, python: Path) -> str:
    """Return the version of the peer's library."""
    code = f"from importlib.metadata import version; print(version({peer.library!r}))"
    return _run([str(python), "-c", code]).strip()


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason is given"]
        raise CannotInstall(lines[-1])
    return done.stdout
