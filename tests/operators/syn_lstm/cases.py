"""Random arguments of the Syn-LSTM, and how results are compared with those of the plain one."""

from typing import NamedTuple

import torch
from torch import Tensor

from synner_graph.operators.syn_lstm import SynLSTMWeights

D, G = 11, 6


class Case(NamedTuple):
    """Arguments in float64 and an upstream gradient."""

    x: Tensor
    g: Tensor
    weights: SynLSTMWeights
    offsets: Tensor
    upstream: Tensor


def random_case(hidden: int, lengths: list[int]) -> Case:
    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64) * scale

    rows, scale = sum(lengths), hidden**-0.5
    return Case(
        normal(rows, D),
        normal(rows, G),
        SynLSTMWeights(
            normal(2, 4 * hidden, D, scale=D**-0.5),
            normal(2, 4 * hidden, G, scale=G**-0.5),
            normal(2, 6 * hidden, hidden, scale=scale),
            normal(2, 6 * hidden),
        ),
        torch.tensor([0, *lengths]).cumsum(0),
        normal(rows, 2 * hidden),
    )


def leaves(case: Case, dtype: torch.dtype) -> list[Tensor]:
    return [t.detach().to(dtype).requires_grad_() for t in (case.x, case.g, *case.weights)]


def assert_close(actual: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    names = ("h", "x", "g", "weight_x", "weight_g", "weight_h", "bias")
    for name, found, wanted in zip(names, actual, expected, strict=True):
        error, size = (found.double() - wanted).norm(), wanted.norm()
        assert error <= tolerance * size, f"{name}: {error / size:.1e}"  # NaN is not <=
