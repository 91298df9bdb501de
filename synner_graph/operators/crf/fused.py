"""Linear-chain CRF in PyTorch operations: scaled sums, a hand-written backward, any device.

The arguments are those of the public functions in `synner_graph.operators.crf`; `scaled` has the
equations. Both directions are swept in one loop over time, as a batch of two products.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from synner_graph.operators.crf import scaled
from synner_graph.operators.ragged import check_offsets, restore, time_major


def obstacle(rows: Tensor) -> str | None:
    """Say why it cannot run on this device; None if it can."""
    return "it needs float64, which MPS lacks" if rows.device.type == "mps" else None


def viterbi(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_viterbi`.

    The way there keeps the maxima alone. Which tag came before is worked out on the way back, for
    the one tag of each sentence.
    """
    with torch.no_grad():
        time = time_major(offsets, emissions)
        steps = torch.split(emissions[time.order], time.batch_sizes)
        best = [start + steps[0]]
        for emission in steps[1:]:
            previous = best[-1][: len(emission)]  # [b, K]
            best.append((previous.unsqueeze(2) + transitions).amax(dim=1).add_(emission))

        tags = [(best[-1] + end).argmax(dim=1)]
        into = transitions.T.contiguous()  # [K, K]: row j has the scores of all tags before tag j
        for value in reversed(best[:-1]):
            running = len(tags[-1])
            came_from = (value[:running] + into[tags[-1]]).argmax(dim=1)
            ending_here = (value[running:] + end).argmax(dim=1)
            tags.append(torch.cat([came_from, ending_here]))
        return restore(torch.cat(tags[::-1]), time.order)


def log_partition(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_log_partition`; it can be differentiated once."""
    offsets = offsets.cpu()
    check_offsets(offsets, len(emissions))
    scores = (emissions, offsets, transitions, start, end)
    values, exact = _LogPartition.apply(*scores)  # type: ignore[no-untyped-call]
    return scaled.redo_inexact(values, exact, *scores)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Log-partitions, and the factors of their gradients, in float64.

    The last three are 0 in the sentences that are not exact, and None if nothing asks for a
    gradient.

    Attributes:
        values: *Shape:* [B]
        exact: Whether nothing has underflowed.
            *Shape:* [B]
        marginals: Probability of each tag at each token.
            *Shape:* [N, K]
        arrived: `arrive ⊙ E` divided so that its products with `A` and `left` of the next token are
            probabilities of pairs; 0 at last tokens.
            *Shape:* [N, K]
        left: `E ⊙ leave`.
            *Shape:* [N, K]
    """

    values: Tensor
    exact: Tensor
    marginals: Tensor | None = None
    arrived: Tensor | None = None
    left: Tensor | None = None


class _LogPartition(torch.autograd.Function):
    """Log-partitions, and which are exact; no gradient flows to sentences that are not."""

    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        offsets: Tensor,
        transitions: Tensor,
        start: Tensor,
        end: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """*Shape:* [B], [B]."""
        links = _exponentiated(transitions, start, end)
        found = _parts(emissions, offsets, *links, any(ctx.needs_input_grad))
        ctx.save_for_backward(found.marginals, found.arrived, found.left, links[0], offsets)
        ctx.dtypes = [score.dtype for score in (emissions, transitions, start, end)]
        ctx.mark_non_differentiable(found.exact)
        dtype = torch.promote_types(emissions.dtype, transitions.dtype)
        return found.values.to(dtype), found.exact

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """*Shape:* [B] -> [N, K], [K, K], [K], [K]."""
        scaled.refuse_double_backward()
        marginals, arrived, left, transitions, offsets = ctx.saved_tensors
        bounds = offsets.to(upstream.device)
        weight = upstream.double().repeat_interleave(bounds.diff(), output_size=len(marginals))
        weight = weight.unsqueeze(1)  # [N, 1]
        emissions = marginals * weight
        pairs = transitions.nan_to_num() * ((arrived[:-1] * weight[:-1]).T @ left[1:])
        start, end = emissions[bounds[:-1]].sum(0), emissions[bounds[1:] - 1].sum(0)
        gradients = zip((emissions, pairs, start, end), ctx.dtypes, strict=True)
        by_emission, *by_link = (gradient.to(dtype) for gradient, dtype in gradients)
        return by_emission, None, *by_link


def _sums(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    directions: int = 2,
) -> tuple[scaled.Sums, Tensor]:
    """`scaled.Sums` in the first direction or both, and the exponentiated emissions."""
    time = time_major(offsets, emissions)
    tokens, tags = emissions.shape
    shift = emissions.amax(1, keepdim=True)
    exponentiated = (emissions - shift).double().exp_()

    # The rows of a step stand together, those of the forward direction first.
    orders = (time.order, time.reversed_order + tokens)[:directions]
    chunks = zip(*(torch.split(order, time.batch_sizes) for order in orders), strict=True)
    places = torch.cat([part for chunk in chunks for part in chunk])  # [directions * N]
    matrices = torch.stack([transitions, transitions.T])[:directions]
    begin = torch.stack([start, end])[:directions].unsqueeze(1)
    sizes = [directions * batch for batch in time.batch_sizes]

    carried = exponentiated.index_select(0, places % tokens)  # becomes ways ⊙ emissions
    ways, factor = torch.empty_like(carried), carried.new_empty(len(carried), 1)
    previous = begin
    for step, (here, way, divisor) in enumerate(
        zip(*(torch.split(x, sizes) for x in (carried, ways, factor)), strict=True)
    ):
        here, way, divisor = (x.view(directions, -1, x.shape[1]) for x in (here, way, divisor))
        if step == 0:
            way.copy_(begin.expand_as(way))
        else:
            torch.bmm(previous[:, : way.shape[1]], matrices, out=way)
        torch.amax(way, 2, keepdim=True, out=divisor)
        previous = here.mul_(way.div_(divisor))  # [directions, b, K]

    reached = _reached(matrices, begin, len(sizes)).flatten()
    batches = torch.tensor(time.batch_sizes, device=reached.device)
    expected = reached.repeat_interleave(
        batches.repeat_interleave(directions), output_size=len(carried)
    )
    kept = ((carried >= scaled.SMALL).sum(1) == expected) & (factor.squeeze(1) >= scaled.SMALL)
    kept = restore(kept, places).view(directions, tokens).all(0)
    ways = restore(ways, places).view(directions, tokens, tags)
    factor = restore(factor, places).view(directions, tokens)

    bounds = offsets.to(emissions.device)
    last = bounds[1:] - 1
    total = (ways[0, last] * exponentiated[last]) @ end
    exact = _whole(kept, bounds) & (total >= scaled.SMALL) & total.isfinite()
    return scaled.Sums(ways, factor, shift.squeeze(1), total, exact), exponentiated


def _parts(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    differentiate: bool,
) -> _Parts:
    directions = 2 if differentiate else 1
    sums, exponentiated = _sums(emissions, offsets, transitions, start, end, directions)
    bounds = offsets.to(emissions.device)
    owner = torch.repeat_interleave(bounds.diff(), output_size=len(emissions))  # [N]
    values = sums.total.log().index_add(0, owner, sums.factor[0].log() + sums.shift)
    exact = sums.exact & values.isfinite()
    if not differentiate:
        return _Parts(values, exact)

    arrive, leave = sums.ways  # [N, K] each
    arrived = arrive * exponentiated
    marginals = arrived * leave
    mass = marginals.sum(1, keepdim=True)
    pair_mass = mass * sums.factor[1].unsqueeze(1)
    pair_mass[bounds[1:] - 1] = torch.inf  # no pair begins at a last token
    exact &= _whole((torch.minimum(mass, pair_mass) >= scaled.SMALL).squeeze(1), bounds)
    products = (marginals.div_(mass), arrived.div_(pair_mass), leave * exponentiated)
    if not exact.all():
        products = tuple(x.masked_fill_(~exact[owner].unsqueeze(1), 0) for x in products)
    return _Parts(values, exact, *products)


def _whole(kept: Tensor, bounds: Tensor) -> Tensor:
    """[N] -> [B]: whether a sentence kept all its tokens."""
    whole = torch.ones(len(bounds) - 1, dtype=torch.bool, device=kept.device)
    if not kept.all():
        lost = (~kept).nonzero().squeeze(1)
        whole[torch.bucketize(lost, bounds, right=True) - 1] = False
    return whole


def _reached(matrices: Tensor, begin: Tensor, steps: int) -> Tensor:
    """[steps, directions]: at how many tags a sweep can be after each step."""
    possible = (matrices > 0).to(matrices.dtype)
    here = (begin > 0).to(matrices.dtype)  # [directions, 1, K]
    counts = [here.sum((1, 2))]
    while len(counts) < steps:
        before, here = here, (here @ possible).sign()
        counts.append(here.sum((1, 2)))
        if torch.equal(before, here):
            counts.extend(counts[-1:] * (steps - len(counts)))
    return torch.stack(counts).long()


def _exponentiated(*scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    transitions, start, end = map(scaled.exponentiated, scores)
    return transitions, start, end


def _both_sums(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> scaled.Sums:
    links = _exponentiated(transitions, start, end)
    return _sums(emissions, offsets, *links)[0]


forward_backward = partial(scaled.forward_backward, _both_sums)
