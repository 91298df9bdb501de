"""The divergence of two CRFs with the same transitions, as distributions over tag sequences."""

import torch
from torch import Tensor

from synner_graph.operators.crf.naive import log_sum_exp
from synner_graph.operators.ragged import time_major


def crf_divergence(
    first: Tensor, second: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """Return the mean of KL(p, q) and KL(q, p) of two CRFs, over tag sequences.

    For p with the emissions e and q with the emissions f, and all else equal, log p(y) - log q(y)
    is the sum of e[t, y_t] - f[t, y_t] over the tokens, up to a constant that cancels:

        (KL(p, q) + KL(q, p)) / 2 = (E_p[sum_t (e - f)[t, y_t]] - E_q[the same]) / 2

    Scores of what is forbidden are -inf, and their gradient is 0. The backward pass needs K²
    numbers for each token.

    Args:
        first: Emissions e.
            *Shape:* [N, K]
        second: Emissions f.
            *Shape:* [N, K]
        offsets: First row of each sentence, and at the end N.
            *Shape:* [B + 1]
        transitions: See `synner_graph.operators.crf`.
            *Shape:* [K, K]
        start: *Shape:* [K]
        end: *Shape:* [K]

    Returns:
        Not below 0, up to rounding.
        *Shape:* [B]

    Raises:
        ValueError: The offsets do not fit the rows, or the emissions differ in shape.
    """
    if first.shape != second.shape:
        raise ValueError(f"expected emissions alike, got {list(first.shape)}, {list(second.shape)}")
    # One walk over both: the sentences of `second` follow those of `first`.
    offsets = torch.cat([offsets, offsets[1:] + len(first)])
    values = (first - second).repeat(2, 1)
    expected = _expected(torch.cat([first, second]), values, offsets, transitions, start, end)
    under_first, under_second = expected.chunk(2)
    return (under_first - under_second) / 2


def _expected(
    emissions: Tensor,
    values: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
) -> Tensor:
    """Return the expected sum of `values[t, y_t]` over the tokens of each sentence.

    Beside the log-sum of all ways to reach a tag the walk carries their expectation so far: a mean
    over the tags before, weighed by their share of the log-sum.

    *Shape:* [N, K], [N, K] -> [B]
    """
    time = time_major(offsets, emissions)
    steps = torch.split(emissions[time.order], time.batch_sizes)
    gains = torch.split(values[time.order], time.batch_sizes)
    alphas, sums = [start + steps[0]], [gains[0]]
    for emission, gain in zip(steps[1:], gains[1:], strict=True):
        reached = alphas[-1][: len(emission)].unsqueeze(2) + transitions  # [b, K, K]
        before = sums[-1][: len(emission)].unsqueeze(2)  # [b, K, 1]
        alphas.append(log_sum_exp(reached, dim=1) + emission)
        sums.append((_shares(reached, dim=1) * before).sum(1) + gain)
    # The sentences that end at a step are the last of its rows.
    following = [*time.batch_sizes[1:], 0]
    last = torch.cat([a[count:] for a, count in zip(alphas, following, strict=True)][::-1])
    total = torch.cat([s[count:] for s, count in zip(sums, following, strict=True)][::-1])
    expected = (_shares(last + end, dim=1) * total).sum(1)
    longest_first = offsets.diff().argsort(descending=True, stable=True).to(expected.device)
    return torch.empty_like(expected).index_copy(0, longest_first, expected)


def _shares(x: Tensor, dim: int) -> Tensor:
    """Compute `torch.softmax`, but with equal shares, not NaN, where every term is -inf."""
    impossible = x.detach().amax(dim, keepdim=True) == -torch.inf
    return x.masked_fill(impossible, 0).softmax(dim)
