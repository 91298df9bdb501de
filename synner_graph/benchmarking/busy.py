"""What training keeps of the processor beside busy processes, by what waiting threads do.

Threads of OpenMP that wait for each other spin for some milliseconds by default, and a spinning
thread takes the time of the one that it waits for when there are more threads than cores. Passive
ones sleep at once; those of this program spin for a moment first (`config.environment`).
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any

from synner_graph.benchmarking.timing import threads
from synner_graph.benchmarking.workload import Workload
from synner_graph.config.environment import WAITING
from synner_graph.errors import InputError

MODULE = "synner_graph.benchmarking.busy"
POLICIES: dict[str, dict[str, str]] = {
    "default": {},
    "passive": {"OMP_WAIT_POLICY": "passive"},
    "brief": WAITING,
}
"""What each policy sets in the environment."""


@dataclass(frozen=True)
class Load:
    """Training beside busy processes.

    Attributes:
        policy: What waiting threads do.
        busy: Single-threaded processes that never rest.
        sentences_per_second: How fast training was.
        share: Of what it does alone under the same policy.
        fair: The share of all cores that is due to as many threads as cores: c / (c + busy).
    """

    policy: str
    busy: int
    sentences_per_second: float
    share: float
    fair: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "of_fair": self.share / self.fair}


def measure_busy(workload: Workload, counts: Sequence[int], seconds: float) -> list[Load]:
    """Train for some seconds, alone and beside busy processes, under each policy.

    Args:
        workload: What is trained, with as many threads as there are cores.
        counts: Numbers of busy processes, each measured.
        seconds: How long each measurement takes.

    Raises:
        InputError: A training fails.
    """
    loads = []
    for policy in POLICIES:
        alone = _rate(workload, policy, seconds)
        loads.append(Load(policy, 0, alone, 1.0, 1.0))
        for count in counts:
            with _busy(count):
                rate = _rate(workload, policy, seconds)
            fair = workload.threads / (workload.threads + count)
            loads.append(Load(policy, count, rate, rate / alone, fair))
    return loads


def learn_for(workload: Workload, seconds: float) -> float:
    """Train in this process, and return the sentences that were learned in a second."""
    from synner_graph.benchmarking.ours import Ours

    with threads(workload.threads):
        side = Ours(workload)
        batches = list(side.batches())
        side.start_learning(10**6)
        side.learn(batches[0])  # warm up
        done, started = 0, time.perf_counter()
        for batch in cycle(batches):
            side.learn(batch)
            done += len(batch)
            passed = time.perf_counter() - started
            if passed >= seconds:
                break
    return done / passed


def _rate(workload: Workload, policy: str, seconds: float) -> float:
    """Train in a process of its own: threads look at the policy once, when they are first used."""
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment |= POLICIES[policy]
    command = [sys.executable, "-m", MODULE, json.dumps(asdict(workload)), str(seconds)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise InputError("The training to be measured failed; its message stands above.")
    return float(done.stdout.split()[-1])


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """Keep that many processes busy."""
    command = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


if __name__ == "__main__":
    print(learn_for(Workload(**json.loads(sys.argv[1])), float(sys.argv[2])))
