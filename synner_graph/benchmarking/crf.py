"""The CRF's kernels beside a lean log-sum-exp loop, in float64, on a ragged batch."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from synner_graph.benchmarking import kernels
from synner_graph.benchmarking.comparison import Comparison, compare_time
from synner_graph.benchmarking.timing import CPU, threads
from synner_graph.operators.crf import KERNELS, crf_log_partition, crf_viterbi
from synner_graph.operators.ragged import time_major

TAGS = (13, 37, 73)  # BIOES of 3, 9 and 18 labels
BASELINE = "log-sum-exp loop"


def measure_crf(rounds: int, num_threads: int, device: torch.device = CPU) -> list[Comparison]:
    """Measure log-partition with all gradients, and Viterbi, by all kernels that run here.

    The baselines are a loop that knows no constraints, and the naive search.
    """
    found: list[Comparison] = []
    offsets = torch.tensor([0, *kernels.SHAPES["real"]]).cumsum(0)
    with threads(num_threads):
        for tags in TAGS:
            draw = torch.Generator().manual_seed(0)
            shapes = ((int(offsets[-1]), tags), (tags, tags), (tags,), (tags,))
            inputs = [
                torch.randn(shape, generator=draw, dtype=torch.float64).to(device).requires_grad_()
                for shape in shapes
            ]
            emissions, transitions, start, end = inputs
            scores = emissions, offsets, transitions, start, end
            served = [
                name
                for name, known in KERNELS["log-partition"].items()
                if known.obstacle(emissions) is None
            ]
            sums = {name: partial(crf_log_partition, *scores, name) for name in served}
            lean = partial(_lean_log_partition, *scores)
            both: dict[str, Callable[[], object]] = {
                name: partial(_with_gradients, function, inputs)
                for name, function in {BASELINE: lean, **sums}.items()
            }
            searches: dict[str, Callable[[], object]] = {
                name: torch.no_grad()(partial(crf_viterbi, *scores, name)) for name in served
            }
            shape = f"K = {tags}"
            found += compare_time(
                "CRF log-partition + gradients", shape, both, BASELINE, rounds, device
            )
            found += compare_time("CRF Viterbi", shape, searches, "naive", rounds, device)
    return found


def _with_gradients(function: Callable[[], Tensor], inputs: list[Tensor]) -> object:
    return torch.autograd.grad(function().sum(), inputs)


def _lean_log_partition(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """Compute the bare recurrence; its values are in the order of `time_major`."""
    time = time_major(offsets, emissions)
    steps = torch.split(emissions[time.order], time.batch_sizes)
    alpha = start + steps[0]  # [b, K]
    ended = []
    for emission in steps[1:]:
        running = len(emission)
        ended.append(alpha[running:])
        alpha = torch.logsumexp(alpha[:running].unsqueeze(2) + transitions, dim=1) + emission
    return torch.logsumexp(torch.cat([alpha, *reversed(ended)]) + end, dim=1)
