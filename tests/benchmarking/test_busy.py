"""Training beside busy processes: shares, environments, failures."""

import os
import subprocess
from typing import Any

import pytest

from synner_graph.benchmarking import busy
from synner_graph.benchmarking.busy import learn_for, measure_busy
from synner_graph.benchmarking.workload import Workload
from synner_graph.config.environment import WAITING
from synner_graph.errors import InputError

WORK = Workload("train", "sample", None, "minilm", "crf", 8, 4, 2)


class Programs:
    """Stands for subprocess: trainings that print a rate, and busy processes."""

    PIPE = subprocess.PIPE

    def __init__(self, code: int = 0) -> None:
        self.code, self.running = code, 0
        self.seen: list[tuple[tuple[str | None, ...], int]] = []

    def run(self, _: list[str], env: dict[str, str], **__: Any) -> Any:
        policy = (env.get("OMP_WAIT_POLICY"), env.get("GOMP_SPINCOUNT"))
        self.seen.append((policy, self.running))
        return subprocess.CompletedProcess([], self.code, stdout=f"log\n{20 / (1 + self.running)}")

    def Popen(self, _: list[str]) -> "Programs":
        self.running += 1
        return self

    def kill(self) -> None:
        self.running -= 1

    def wait(self) -> None:
        pass


def test_shares_are_those_of_the_same_policy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs()
    monkeypatch.setattr(busy, "subprocess", programs)
    monkeypatch.setitem(os.environ, "OMP_WAIT_POLICY", "active")
    loads = measure_busy(WORK, [1, 3], 1.0)
    policies = ((None, None), ("passive", None), ("passive", WAITING["GOMP_SPINCOUNT"]))
    assert programs.seen == [(policy, n) for policy in policies for n in (0, 1, 3)]
    assert programs.running == 0
    assert [load.share for load in loads] == pytest.approx(3 * [1, 1 / 2, 1 / 4])
    assert [load.fair for load in loads] == pytest.approx(3 * [1, 2 / 3, 2 / 5])
    assert loads[-1].to_json()["of_fair"] == pytest.approx(5 / 8)


def test_a_training_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "subprocess", Programs(code=1))
    with pytest.raises(InputError, match="training to be measured failed"):
        measure_busy(WORK, [1], 1.0)


def test_it_trains(tiny_transformer: Any) -> None:
    work = Workload("train", "sample", None, str(tiny_transformer), "crf", 8, 4, 1)
    assert learn_for(work, 0.01) > 0
