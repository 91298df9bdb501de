"""Every moment belongs to one part, forward and backward."""

import time
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from synner_graph.benchmarking.parts import PartClock


class Sleep(torch.autograd.Function):
    """Takes its time, forward and backward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, forward: float, backward: float) -> Tensor:
        ctx.backward_seconds = backward
        time.sleep(forward)
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        time.sleep(ctx.backward_seconds)
        return gradients[0], None, None


class Sleeper(nn.Module):
    def __init__(self, forward: float, backward: float) -> None:
        super().__init__()
        self.seconds = forward, backward

    def forward(self, x: Tensor) -> Tensor:
        slept: Tensor = Sleep.apply(x, *self.seconds)
        return slept


def test_backward_passes_go_to_the_part_that_made_them() -> None:
    clock = PartClock()
    one, two, three = Sleeper(0.01, 0.03), Sleeper(0.02, 0.06), Sleeper(0.04, 0.02)
    for part, sleeper in (("one", one), ("two", two), ("three", three)):
        clock.watch(sleeper, "forward", part)
    x = torch.ones(3, requires_grad=True)
    started = time.perf_counter()
    with clock.running("rest"):
        first = one(x)
        loss = three(first + two(first)).sum()  # `first` is read twice, as token features are
        with clock.within("backward"):
            loss.backward()
        time.sleep(0.05)
    whole = time.perf_counter() - started
    assert x.grad is not None and x.grad.tolist() == [2.0] * 3
    assert sum(clock.seconds.values()) == pytest.approx(whole, abs=2e-3)
    wanted = {"one": 0.04, "two": 0.08, "three": 0.06, "rest": 0.05}
    for part, seconds in wanted.items():
        assert seconds <= clock.seconds[part] < seconds + 0.5 * whole


def test_parts_nest_and_the_clock_stands_still_outside() -> None:
    clock = PartClock()
    with clock.within("before"):
        time.sleep(0.01)
    assert clock.seconds == {} and not clock.runs
    with clock.running("rest"), clock.within("outer"):
        with clock.within("inner"):
            time.sleep(0.02)
        time.sleep(0.01)
    assert clock.seconds["inner"] >= 0.02 and clock.seconds["outer"] >= 0.01
    before = dict(clock.seconds)
    clock.enter("later")
    assert clock.seconds == before


def test_what_raises_leaves_its_part() -> None:
    clock = PartClock()
    with clock.running("rest"):
        with pytest.raises(ZeroDivisionError), clock.within("part"):
            raise ZeroDivisionError
        time.sleep(0.01)
    assert clock.seconds["rest"] >= 0.01
