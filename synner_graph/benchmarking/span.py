"""Compare the span classifier with one that joins the vectors of every span."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from synner_graph.benchmarking import kernels
from synner_graph.benchmarking.comparison import Comparison, compare_memory, compare_time
from synner_graph.benchmarking.timing import CPU, threads
from synner_graph.operators.span import (
    KERNELS,
    Spans,
    SpanWeights,
    candidate_spans,
    span_logits,
)

STATES, HIDDEN, WIDTH_SIZE, LABELS = 200, 150, 25, 3  # as the default settings have them
WIDTHS = (6, 10, 16)
BASELINE = "naive"


def measure_span(rounds: int, num_threads: int, device: torch.device = CPU) -> list[Comparison]:
    """Measure the scores of all spans with all gradients; for memory, the ratio of the peaks."""
    found: list[Comparison] = []
    offsets = torch.tensor([0, *kernels.SHAPES["real"]]).cumsum(0)
    with threads(num_threads):
        for max_width in WIDTHS:
            draw = torch.Generator().manual_seed(0)
            normal = partial(_normal, draw, device)
            h = normal(int(offsets[-1]), STATES)
            weights = SpanWeights(
                bias=normal(HIDDEN),
                classify=normal(1 + LABELS, HIDDEN),
                classify_bias=normal(1 + LABELS),
                first=normal(HIDDEN, STATES),
                last=normal(HIDDEN, STATES),
                embedding=normal(max_width, WIDTH_SIZE),
                width=normal(HIDDEN, WIDTH_SIZE),
                score=normal(1, STATES),
                value=normal(HIDDEN, STATES),
            )
            spans = candidate_spans(h, offsets, max_width)
            works: dict[str, Callable[[], object]] = {
                name: partial(_with_gradients, h, spans, weights, name) for name in KERNELS
            }
            shape = f"W = {max_width}"
            found += compare_time("span scores + gradients", shape, works, BASELINE, rounds, device)
            found += compare_memory("memory of the same", shape, works, BASELINE, device)
    return found


def _with_gradients(h: Tensor, spans: Spans, weights: SpanWeights, kernel: str) -> object:
    logits = span_logits(h, spans, weights, kernel)
    inputs = [h, *(weight for weight in weights if weight is not None)]
    return torch.autograd.grad(logits.sum(), inputs)


def _normal(draw: torch.Generator, device: torch.device, *shape: int) -> Tensor:
    drawn = torch.randn(shape, generator=draw) / math.sqrt(shape[-1])
    return drawn.to(device).requires_grad_()
