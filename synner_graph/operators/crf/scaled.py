"""The forward-backward algorithm in the exp domain: what `fused` and `cpu` have in common.

A sweep carries sums of products of exponentiated scores from token to token: a step is a product
with a matrix, where log space needs an exponential for every pair of tags. Let `A` be the
exponentiated transitions and `E_t` the exponentiated emissions of token `t`, relative to the
greatest; `arrive_t` the sums over all beginnings that lead to each tag of token `t`, and `leave_t`
those over all ways on from it, both without `E_t`. Then

    arrive_{t+1} = (arrive_t ⊙ E_t) A / factor        leave_t = A (E_{t+1} ⊙ leave_{t+1}) / factor

so that one routine, given `A` or its transpose, makes both; each row is divided by its greatest
sum. The gradients of the log-partition are the probabilities of tags and of pairs of tags,

    P(y_t = i)              ∝ arrive_t[i] E_t[i] leave_t[i]
    P(y_t = i, y_{t+1} = j) ∝ arrive_t[i] E_t[i] A[i, j] E_{t+1}[j] leave_{t+1}[j]

and the second, summed over all tokens, is one product of matrices.

All is float64, but sums that lie too far apart may still underflow. So each sweep checks that at
every token all tags that can be reached have a sum of `SMALL` or more: then no product of two of
them has underflowed. Other sentences, and those without any possible tags, are done again in log
space.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from synner_graph.operators.crf import naive
from synner_graph.operators.ragged import check_offsets

SMALL = 1e-140
"""The product of two numbers above it is a normal float64."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Both sweeps of a batch, float64.

    Attributes:
        ways: `arrive`, then `leave`; `leave` may be absent.
            *Shape:* [2, N, K]
        factor: What each row was divided by.
            *Shape:* [2, N]
        shift: The greatest emission of each token.
            *Shape:* [N]
        total: The sum over all tag sequences, before factors and shifts are put back.
            *Shape:* [B]
        exact: Whether nothing has underflowed.
            *Shape:* [B]
    """

    ways: Tensor
    factor: Tensor
    shift: Tensor
    total: Tensor
    exact: Tensor


@torch.no_grad()
def forward_backward(
    sums: Callable[..., Sums],
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """See `synner_graph.operators.crf.crf_forward_backward`.

    Args:
        sums: Makes `Sums` of them.
        emissions: And so on: see `synner_graph.operators.crf`.
    """
    offsets = offsets.to("cpu", torch.int64).contiguous()
    check_offsets(offsets, len(emissions))
    links = (transitions, start, end)
    found = sums(emissions, offsets, *links)

    # log of all that was taken out of arrive_t from the first token on, of leave_t from the last
    bounds = offsets.to(emissions.device)
    first, last, lengths = bounds[:-1], bounds[1:] - 1, bounds.diff()
    taken = found.factor.log() + found.shift  # [2, N]
    through = taken.cumsum(1)
    before = through - taken
    ends = torch.stack([before[0, first], through[1, last]])
    ends = ends.repeat_interleave(lengths, dim=1, output_size=len(emissions))
    arrived, left = through[0] - ends[0], ends[1] - before[1]  # [N] each
    log_arrive, log_leave = found.ways.log()  # [N, K] each
    alpha = log_arrive + (arrived - found.shift).unsqueeze(1) + emissions
    beta = log_leave + (left - found.shift).unsqueeze(1)
    values = found.total.log() + arrived[last]

    dtype = torch.promote_types(emissions.dtype, transitions.dtype)
    results = (alpha.to(dtype), beta.to(dtype), values.to(dtype))
    if not found.exact.all():
        redo, rows, again = _inexact(found.exact, offsets)
        redone = naive.forward_backward(emissions[rows], again, *links)
        for result, places, part in zip(results, (rows, rows, redo), redone, strict=True):
            result[places] = part
    return results


def redo_inexact(
    values: Tensor,
    exact: Tensor,
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
) -> Tensor:
    """Compute the log-partitions that are not exact, and their gradients, again in log space.

    Args:
        values: Through which gradients flow to all sentences but those.
            *Shape:* [B]
        exact: *Shape:* [B]
        emissions: And so on: see `synner_graph.operators.crf`.
    """
    if exact.all():
        return values
    redo, rows, again = _inexact(exact, offsets)
    in_log_space = naive.log_partition(emissions[rows], again, transitions, start, end)
    return values.index_copy(0, redo, in_log_space)


def refuse_double_backward() -> None:
    """Refuse a backward pass that is itself recorded for a second derivative.

    Raises:
        RuntimeError: It is recorded.
    """
    if torch.is_grad_enabled():
        raise RuntimeError(
            "this kernel of the CRF has no second derivative: use 'naive', or leave "
            "create_graph=False"
        )


def exponentiated(scores: Tensor) -> Tensor:
    """Exponentiate scores in float64; only forbidden ones become 0, however unlikely others are."""
    scores = scores.detach().double()
    tiny = torch.finfo(scores.dtype).tiny
    return scores.exp().clamp_(min=tiny).masked_fill_(scores == -torch.inf, 0)


def _inexact(exact: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Find the sentences that are not exact, their rows, and the offsets in these rows."""
    lengths = offsets.diff()
    lost = ~exact.cpu()
    rows = lost.repeat_interleave(lengths).nonzero().squeeze(1)
    again = torch.cat([offsets.new_zeros(1), lengths[lost].cumsum(0)])
    redo = lost.nonzero().squeeze(1)
    return redo.to(exact.device), rows.to(exact.device), again
