"""Linear-chain conditional random field over the rows of a ragged batch.

The functions share these arguments:

- `emissions` [N, K]: score of each tag at each token.
- `offsets` [B + 1]: first row of each sentence, and at the end N.
- `transitions` [K, K]: `transitions[i, j]` is the score of tag `j` right after tag `i`.
- `start`, `end` [K]: score of each tag on a first and on a last token.
- `kernel`: `"cpu"` (C++), `"fused"` (PyTorch operations, hand-written backward), `"naive"`
  (log space, plain equations) or `"auto"`, the fastest that can run here.

Scores of what is forbidden are -inf; their gradient is 0. All functions raise ValueError where
shapes or offsets do not fit together, and InputError for a kernel that is unknown or
cannot run here.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from synner_graph.operators.choice import Kernel, choose
from synner_graph.operators.crf import cpu, fused, naive
from synner_graph.operators.crf.divergence import crf_divergence

__all__ = [
    "KERNELS",
    "crf_divergence",
    "crf_forward_backward",
    "crf_log_partition",
    "crf_marginals",
    "crf_score",
    "crf_viterbi",
]


class _Algorithm(Protocol):
    def __call__(
        self, emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
    ) -> Tensor: ...


class _ForwardBackward(Protocol):
    def __call__(
        self, emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]: ...


_LOG_PARTITION: dict[str, Kernel[_Algorithm]] = {
    "cpu": Kernel(cpu.log_partition, cpu.obstacle),
    "fused": Kernel(fused.log_partition, fused.obstacle),
    "naive": Kernel(naive.log_partition),
}
_VITERBI: dict[str, Kernel[_Algorithm]] = {
    "cpu": Kernel(cpu.viterbi, cpu.obstacle),
    "fused": Kernel(fused.viterbi),
    "naive": Kernel(naive.viterbi),
}
_FORWARD_BACKWARD: dict[str, Kernel[_ForwardBackward]] = {
    "cpu": Kernel(cpu.forward_backward, cpu.obstacle),
    "fused": Kernel(fused.forward_backward, fused.obstacle),
    "naive": Kernel(naive.forward_backward),
}

KERNELS: dict[str, Mapping[str, Kernel[Any]]] = {
    "log-partition": _LOG_PARTITION,
    "Viterbi search": _VITERBI,
    "forward-backward pass": _FORWARD_BACKWARD,
}
"""The kernels of each function that has several, by what it computes."""


def crf_log_partition(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    kernel: str = "auto",
) -> Tensor:
    """Sum exp(score) over all tag sequences of each sentence, and return the logarithm.

    All but `"naive"` can be differentiated once only.

    Returns:
        *Shape:* [B]
    """
    _check(emissions, transitions, start, end)
    algorithm = choose("the CRF log-partition", kernel, _LOG_PARTITION, emissions)
    return algorithm(emissions, offsets, transitions, start, end)


def crf_score(
    emissions: Tensor,
    tags: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
) -> Tensor:
    """Score one tag sequence of each sentence; minus the log-partition, its log-likelihood.

    Args:
        tags: The tag of each token.
            *Shape:* [N]

    Returns:
        *Shape:* [B]
    """
    _check(emissions, transitions, start, end)
    if tags.shape != emissions.shape[:1]:
        raise ValueError(f"expected {len(emissions)} tags, got {list(tags.shape)}")
    return naive.score(emissions, tags, offsets, transitions, start, end)


def crf_viterbi(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    kernel: str = "auto",
) -> Tensor:
    """Find the best-scoring tag sequence of each sentence.

    Of equally good sequences it is the one with the lowest last tag, then the lowest tag before
    that, and so on.

    Returns:
        *Shape:* [N]
    """
    _check(emissions, transitions, start, end)
    algorithm = choose("the CRF Viterbi search", kernel, _VITERBI, emissions)
    return algorithm(emissions, offsets, transitions, start, end)


@torch.no_grad()
def crf_forward_backward(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    kernel: str = "auto",
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the log-sums from which every posterior follows; no gradient flows through them.

    Returns:
        alpha: Over all beginnings of a sentence up to a token's tag, its emission included.
            *Shape:* [N, K]
        beta: Over all ways on after a token's tag, its emission excluded.
            *Shape:* [N, K]
        log_partition: Over all tag sequences.
            *Shape:* [B]
    """
    _check(emissions, transitions, start, end)
    algorithm = choose("the CRF forward-backward pass", kernel, _FORWARD_BACKWARD, emissions)
    return algorithm(emissions, offsets, transitions, start, end)


def crf_marginals(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    kernel: str = "auto",
) -> Tensor:
    """Return the probability of each tag at each token; no gradient flows through it.

    Returns:
        Each row sums to 1.
        *Shape:* [N, K]
    """
    alpha, beta, log_partition = crf_forward_backward(
        emissions, offsets, transitions, start, end, kernel
    )
    lengths = offsets.to(emissions.device).diff()
    per_token = log_partition.repeat_interleave(lengths, output_size=len(emissions))  # [N]
    return (alpha + beta - per_token.unsqueeze(1)).exp()


def _check(emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor) -> None:
    if emissions.dim() != 2:
        raise ValueError(f"expected emissions of shape [N, K], got {list(emissions.shape)}")
    tags = emissions.shape[1]
    for name, tensor, shape in (
        ("transitions", transitions, [tags, tags]),
        ("start", start, [tags]),
        ("end", end, [tags]),
    ):
        if list(tensor.shape) != shape:
            raise ValueError(f"expected {name} of shape {shape}, got {list(tensor.shape)}")
