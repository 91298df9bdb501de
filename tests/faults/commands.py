"""Command lines in processes of their own, which can be killed at any moment."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.places import ROOT

# The imports take longer than the commands. So one process imports once, and forks for each
# command line: what is killed is a process of its own all the same.
SERVER = """
import os, runpy, sys
import synner_graph.cli, synner_graph.training.run, synner_graph.cli.train
import synner_graph.cli.predict, synner_graph.text.workers, synner_graph.study.runner

if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.argv = ["cli.py", *line.split()]
            sys.stdout = sys.stderr = open(os.devnull, "w")
            runpy.run_path("cli.py", run_name="__main__")
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Runs command lines, each in a process of its own.

    Args:
        folder: For the program and its cache.

    Attributes:
        took: Seconds that the last one ran.
    """

    def __init__(self, folder: Path) -> None:
        self.took = 0.0
        program = folder / "commands.py"
        program.write_text(SERVER, encoding="utf-8")
        places = {"PYTHONPATH": str(ROOT), "SYNNER_CACHE_DIR": str(folder / "cache")}
        self.server = subprocess.Popen(
            [sys.executable, str(program)],
            cwd=ROOT,
            env={**os.environ, **places, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, *arguments: object, kill_after: float | None = None, worker: bool = False) -> int:
        """The exit status of a command line; -9 if it was killed in time.

        Args:
            arguments: Without white space.
            kill_after: Seconds until it is killed, if it has not ended; None lets it live.
            worker: Kill a process that it has started, once it has one, and not itself.
        """
        server = self.server
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(" ".join(map(str, arguments)) + "\n")
        child = int(server.stdout.readline())
        began = time.perf_counter()
        if kill_after is not None and not select.select([server.stdout], [], [], kill_after)[0]:
            with suppress(ProcessLookupError, psutil.NoSuchProcess):  # it has ended
                os.kill(_worker_of(child) if worker else child, signal.SIGKILL)
        status = int(server.stdout.readline())
        self.took = time.perf_counter() - began
        return status


def _worker_of(main: int) -> int:
    """Wait until a process has workers, and return one."""
    while True:
        for child in psutil.Process(main).children():
            if any("spawn_main" in word for word in child.cmdline()):
                return child.pid
        time.sleep(0.01)


@contextmanager
def commands(folder: Path) -> Iterator[Commands]:
    """Start what runs command lines, and end it after."""
    started = Commands(folder)
    try:
        yield started
    finally:
        started.server.communicate(timeout=60)
