"""Linear-chain CRF in C++, compiled at first use; float64 inside, a thread per sentence.

The arguments are those of the public functions in `synner_graph.operators.crf`; `scaled` has the
equations.
"""

import ctypes
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from synner_graph.operators.build import build_obstacle, library
from synner_graph.operators.crf import scaled
from synner_graph.operators.ragged import check_offsets

SOURCE = Path(__file__).with_name("crf.cpp")
_SUFFIX = {torch.float32: "float32", torch.float64: "float64"}


def obstacle(rows: Tensor) -> str | None:
    """Why it cannot serve rows of this device and dtype; None where it can."""
    if rows.device.type != "cpu":
        return f"it runs on the CPU and the rows are on {rows.device.type}"
    if rows.dtype not in _SUFFIX:
        return f"it reads float32 or float64 and the rows are {str(rows.dtype).split('.')[1]}"
    return build_obstacle(SOURCE)


def viterbi(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> Tensor:
    """See `synner_graph.operators.crf.crf_viterbi`."""
    offsets = offsets.cpu()
    check_offsets(offsets, len(emissions))
    found = torch.empty(len(emissions), dtype=torch.long)
    links = (score.to(emissions.dtype) for score in (transitions, start, end))
    _call("crf_viterbi", emissions, offsets, *links, outputs=(found,))
    return found


def _parts(
    emissions: Tensor,
    offsets: Tensor,
    transitions: Tensor,
    start: Tensor,
    end: Tensor,
    differentiate: bool,
) -> scaled.Parts:
    """See `scaled.Parts`."""
    sentences = len(offsets) - 1
    values = emissions.new_empty(sentences, dtype=torch.float64)
    exact = torch.empty(sentences, dtype=torch.bool)
    saved = torch.empty(3 if differentiate else 0, *emissions.shape, dtype=torch.float64)
    _call(
        "crf_log_partition",
        emissions,
        offsets,
        transitions,
        start,
        end,
        outputs=(values, exact, *(saved if differentiate else (None, None, None))),
    )
    return scaled.Parts(values, exact, *saved)


def _sums(
    emissions: Tensor, offsets: Tensor, transitions: Tensor, start: Tensor, end: Tensor
) -> scaled.Sums:
    """See `scaled.Sums`."""
    tokens, tags = emissions.shape
    sentences = len(offsets) - 1
    shapes = ((2, tokens, tags), (2, tokens), (tokens,), (sentences,))
    outputs = [torch.empty(shape, dtype=torch.float64) for shape in shapes]
    exact = torch.empty(sentences, dtype=torch.bool)
    _call("crf_sums", emissions, offsets, transitions, start, end, outputs=(*outputs, exact))
    ways, factor, shift, total = outputs
    return scaled.Sums(ways, factor, shift, total, exact)


def _call(
    name: str,
    emissions: Tensor,
    offsets: Tensor,
    *links: Tensor,
    outputs: tuple[Tensor | None, ...],
) -> None:
    function = getattr(library(SOURCE), f"{name}_{_SUFFIX[emissions.dtype]}")
    function.restype = None
    inputs = [x.detach().contiguous() for x in (emissions, offsets.long(), *links)]
    sizes = (
        ctypes.c_int64(len(offsets) - 1),
        ctypes.c_int64(emissions.shape[1]),
        ctypes.c_int(torch.get_num_threads()),
    )
    function(*map(_pointer, inputs), *sizes, *map(_pointer, outputs))


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


log_partition = partial(scaled.log_partition, _parts)
forward_backward = partial(scaled.forward_backward, _sums)
