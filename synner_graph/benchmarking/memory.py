"""Measure the peak memory of this process, or of a new one that runs a module."""

import resource
import subprocess
import sys
from pathlib import Path

from synner_graph.errors import InputError

STATUS = Path("/proc/self/status")


def peak_of_module(module: str, *arguments: str) -> float:
    """Run a module in a process of its own; the number it prints last is its peak.

    Raises:
        InputError: The process fails.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise InputError(f"The memory could not be measured: {module} {arguments[0]} failed.")
    return float(done.stdout.split()[-1])


def peak_megabytes() -> float:
    """Return the most memory that this process has held at once."""
    if STATUS.is_file():
        # On Linux getrusage also remembers the process that started this one.
        rows = (line.partition(":") for line in STATUS.read_text().splitlines())
        return next(int(rest.split()[0]) * 1024 for name, _, rest in rows if name == "VmHWM") / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
