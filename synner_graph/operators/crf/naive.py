"""Reference linear-chain CRF: one loop over time, log space, any device, differentiable.

Lafferty, McCallum and Pereira (2001). With emissions `e`, transitions `A`, start `s` and end `z`,
the score of the tags `y` of a sentence of `T` tokens is

    s[y_1] + sum_t e[t, y_t] + sum_{t>1} A[y_{t-1}, y_t] + z[y_T]

The arguments are those of the public functions in `synner_graph.operators.crf`.
"""

import torch
from torch import Tensor

from synner_graph.operators.ragged import TimeMajor, restore, time_major


def log_partition(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_log_partition`."""
    time = time_major(offsets, emissions)
    alpha = _alpha(emissions, time, transitions, start)
    last = offsets[1:].to(emissions.device) - 1
    return log_sum_exp(alpha[last] + end, dim=1)


def score(
    emissions: Tensor,
    tags: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
) -> Tensor:
    """See `synner_graph.operators.crf.crf_score`."""
    offsets = offsets.to(emissions.device)
    owner = torch.repeat_interleave(offsets.diff(), output_size=len(tags))  # [N]
    first, last = offsets[:-1], offsets[1:] - 1
    continued = (
        torch.ones_like(tags, dtype=torch.bool).index_fill(0, first, False).nonzero().squeeze(1)
    )

    total = start[tags[first]] + end[tags[last]]  # [B]
    total = total.index_add(0, owner, emissions.gather(1, tags.unsqueeze(1)).squeeze(1))
    return total.index_add(0, owner[continued], transitions[tags[continued - 1], tags[continued]])


def viterbi(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_viterbi`."""
    time = time_major(offsets, emissions)
    steps = torch.split(emissions[time.order], time.batch_sizes)
    best = [start + steps[0]]
    came_from: list[Tensor] = []
    for emission in steps[1:]:
        previous = best[-1][: len(emission)]  # [b, K]
        value, argument = (previous.unsqueeze(2) + transitions).max(dim=1)
        best.append(value + emission)
        came_from.append(argument)

    tags = [(best[-1] + end).argmax(dim=1)]
    for value, argument in zip(reversed(best[:-1]), reversed(came_from), strict=True):
        running = argument.gather(1, tags[-1].unsqueeze(1)).squeeze(1)
        ending_here = (value[len(running) :] + end).argmax(dim=1)
        tags.append(torch.cat([running, ending_here]))
    return restore(torch.cat(tags[::-1]), time.order)


def forward_backward(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """See `synner_graph.operators.crf.crf_forward_backward`."""
    time = time_major(offsets, emissions)
    alpha = _alpha(emissions, time, transitions, start)
    beta = _beta(emissions, time, transitions, end)
    last = offsets[1:].to(emissions.device) - 1
    return alpha, beta, log_sum_exp(alpha[last] + end, dim=1)


def _alpha(emissions: Tensor, time: TimeMajor, transitions: Tensor, start: Tensor) -> Tensor:
    """Compute log-sums over all ways to reach each tag, its emission included. *Shape:* [N, K]"""
    steps = torch.split(emissions[time.order], time.batch_sizes)
    alphas = [start + steps[0]]
    for emission in steps[1:]:
        previous = alphas[-1][: len(emission)]  # [b, K]
        alphas.append(log_sum_exp(previous.unsqueeze(2) + transitions, dim=1) + emission)
    return restore(torch.cat(alphas), time.order)


def _beta(emissions: Tensor, time: TimeMajor, transitions: Tensor, end: Tensor) -> Tensor:
    """Compute log-sums over all ways on from each tag, its emission excluded. *Shape:* [N, K]"""
    steps = torch.split(emissions[time.reversed_order], time.batch_sizes)
    betas = [end.expand_as(steps[0])]
    for emission, running in zip(steps, time.batch_sizes[1:], strict=False):
        following = (emission + betas[-1])[:running]  # [b, K]
        betas.append(log_sum_exp(transitions + following.unsqueeze(1), dim=2))
    return restore(torch.cat(betas), time.reversed_order)


def log_sum_exp(x: Tensor, dim: int) -> Tensor:
    """Compute `torch.logsumexp`, but with gradient 0, not NaN, where every term is -inf."""
    impossible = x.detach().amax(dim) == -torch.inf
    finite = x.masked_fill(impossible.unsqueeze(dim), 0)
    return torch.logsumexp(finite, dim).masked_fill(impossible, -torch.inf)
