"""Linear-chain CRF in C++, compiled at first use; float64 inside, a thread per group of sentences.

The arguments are those of the public functions in `synner_graph.operators.crf`; `scaled` has the
equations.
"""

import ctypes
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from synner_graph.operators.build import build_obstacle, library
from synner_graph.operators.crf import scaled
from synner_graph.operators.ragged import check_offsets

SOURCE = Path(__file__).with_name("crf.cpp")
_SUFFIX = {torch.float32: "float32", torch.float64: "float64"}
_SIGNATURES = {  # how many tensors, then numbers, then tensors a function takes
    "crf_log_partition": (6, 3, 6),
    "crf_sums": (5, 3, 5),
    "crf_viterbi": (5, 3, 1),
}


def obstacle(rows: Tensor) -> str | None:
    """Say why it cannot run on this device and dtype; None if it can."""
    if rows.device.type != "cpu":
        return f"it runs on the CPU and the rows are on {rows.device.type}"
    if rows.dtype not in _SUFFIX:
        return f"it reads float32 or float64 and the rows are {str(rows.dtype).split('.')[1]}"
    return build_obstacle(SOURCE)


def viterbi(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_viterbi`."""
    found = torch.empty(len(emissions), dtype=torch.long)
    offsets = _checked(offsets, emissions)
    inputs = _inputs(emissions, offsets, transitions, start, end, emissions.dtype)
    _call("crf_viterbi", inputs, (found,))
    return found


def log_partition(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_log_partition`; it can be differentiated once."""
    scores = (emissions, _checked(offsets, emissions), transitions, start, end)
    values, exact = _LogPartition.apply(*scores)  # type: ignore[no-untyped-call]
    return scaled.redo_inexact(values, exact, *scores)


class _LogPartition(torch.autograd.Function):
    """Log-partitions, and which are exact; no gradient flows to sentences that are not.

    The forward pass finds the gradients of the sum of the log-partitions too, while all that they
    come from is in the cache. A backward pass that weighs all sentences alike, as that of a summed
    loss, only scales them.
    """

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
        scores = (emissions, offsets, transitions, start, end)
        differentiated = any(ctx.needs_input_grad)
        values, exact, gradients = _log_partition(scores, None, differentiated)
        if differentiated:
            ctx.save_for_backward(*scores, *gradients)
        ctx.mark_non_differentiable(exact)
        dtype = torch.promote_types(emissions.dtype, transitions.dtype)
        return _plain(values, dtype), exact

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """*Shape:* [B] -> [N, K], [K, K], [K], [K]."""
        scaled.refuse_double_backward()
        saved = ctx.saved_tensors
        scores, gradients = saved[:5], saved[5:]
        weights = upstream.tolist()
        if weights.count(weights[0]) == len(weights):
            gradients = [gradient * weights[0] for gradient in gradients]
        else:
            gradients = _log_partition(scores, _plain(upstream, torch.float64), True)[2]
        _, _, *links = scores
        by_emissions, *by_links = gradients
        casts = (_plain(by, link.dtype) for by, link in zip(by_links, links, strict=True))
        return by_emissions, None, *casts


def _log_partition(
    scores: Sequence[Tensor], weights: Tensor | None, differentiated: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Values, which of them are exact, and the gradients of their sum, weighted by sentence."""
    emissions, offsets, transitions, start, end = scores
    values = torch.empty(len(offsets) - 1, dtype=torch.float64)
    exact = torch.empty(len(offsets) - 1, dtype=torch.bool)
    gradients: list[Tensor] = []
    if differentiated:
        links = (transitions, start, end)
        by_links = [torch.empty(link.shape, dtype=torch.float64) for link in links]
        gradients = [torch.empty(emissions.shape, dtype=emissions.dtype), *by_links]
    inputs = (*_inputs(emissions, offsets, transitions, start, end, torch.float64), weights)
    nowhere = (None, None, None, None)
    _call("crf_log_partition", inputs, (values, exact, *(gradients or nowhere)))
    return values, exact, gradients


def _sums(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> scaled.Sums:
    """See `scaled.Sums`."""
    tokens, tags = emissions.shape
    sentences = len(offsets) - 1
    shapes = ((2, tokens, tags), (2, tokens), (tokens,), (sentences,))
    ways, factor, shift, total = (torch.empty(shape, dtype=torch.float64) for shape in shapes)
    exact = torch.empty(sentences, dtype=torch.bool)
    inputs = _inputs(emissions, offsets, transitions, start, end, torch.float64)
    _call("crf_sums", inputs, (ways, factor, shift, total, exact))
    return scaled.Sums(ways, factor, shift, total, exact)


def _inputs(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    dtype: torch.dtype,
) -> tuple[Tensor, ...]:
    """Return the inputs of a function; transitions, start and end have the given dtype."""
    links = (_plain(score, dtype) for score in (transitions, start, end))
    return _plain(emissions, emissions.dtype), offsets, *links


def _call(name: str, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor | None, ...]) -> None:
    emissions, offsets = inputs[:2]
    assert emissions is not None and offsets is not None
    _function(name, emissions.dtype)(
        *(None if x is None else x.data_ptr() for x in inputs),
        *(len(offsets) - 1, emissions.shape[1], torch.get_num_threads()),
        *(None if x is None else x.data_ptr() for x in outputs),
    )


@cache
def _function(name: str, dtype: torch.dtype) -> Any:
    function = getattr(library(SOURCE), f"{name}_{_SUFFIX[dtype]}")
    inputs, sizes, outputs = _SIGNATURES[name]
    pointer, size = [ctypes.c_void_p], [ctypes.c_int64]
    function.restype = None
    function.argtypes = inputs * pointer + sizes * size + outputs * pointer
    return function


def _plain(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    if tensor.dtype is dtype and tensor.is_contiguous():  # quicker than operations that do nothing
        return tensor
    return tensor.to(dtype).contiguous()


def _checked(offsets: Tensor, emissions: Tensor) -> Tensor:
    offsets = _plain(offsets.cpu(), torch.int64)
    check_offsets(offsets, len(emissions))
    return offsets


forward_backward = partial(scaled.forward_backward, _sums)
