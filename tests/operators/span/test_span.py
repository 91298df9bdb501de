"""The span classifier: spans built one by one for the naive one, which the fused one must equal."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from synner_graph.errors import InputError
from synner_graph.operators.span import (
    Spans,
    SpanWeights,
    candidate_spans,
    fused,
    length_bucket,
    span_logits,
)

LENGTHS = [5, 1, 3, 2, 1, 17, 7]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
N, C, HIDDEN, CLASSES = sum(LENGTHS), 6, 9, 3
CASES, BUCKETS = 5, 7
# Endpoints, width, pooling, cases, lengths.
FEATURES = [(*on, on[2], on[1]) for on in product((True, False), repeat=3) if any(on)]
FEATURES += [(False, False, False, True, False), (False, False, False, False, True)]
FEATURES += [(True, True, True, False, False), (True, False, False, True, False)]
ALL = (True,) * 5


def random_weights(device: str, features: tuple[bool, ...], max_width: int) -> SpanWeights:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64).to(device).requires_grad_()

    endpoints, width, pooling, cases, lengths = features
    weights = SpanWeights(normal(HIDDEN), normal(CLASSES, HIDDEN), normal(CLASSES))
    if endpoints:
        weights = weights._replace(first=normal(HIDDEN, C), last=normal(HIDDEN, C))
    if width:
        weights = weights._replace(embedding=normal(max_width, 4), width=normal(HIDDEN, 4))
    if pooling:
        weights = weights._replace(score=normal(1, C), value=normal(HIDDEN, C))
    if cases:
        weights = weights._replace(case_embedding=normal(CASES, 2), case=normal(HIDDEN, 2))
    if lengths:
        weights = weights._replace(length_embedding=normal(BUCKETS, 3), length=normal(HIDDEN, 3))
    return weights


def marked_spans(device: str, max_width: int, offsets: Tensor = OFFSETS) -> Spans:
    rows = int(offsets[-1])
    cases = torch.randint(CASES, (rows,), device=device)
    pieces = torch.randint(1, 9, (rows,), device=device)
    spans = candidate_spans(cases, offsets, max_width)
    return replace(spans, cases=cases, pieces=pieces)


BUCKET = [0, 0, 1, 2, 3, 4, 5, 5, 5, 6]
"""Of so many pieces, where there are seven buckets."""


def states(device: str, scale: float = 1.0) -> Tensor:
    return (torch.randn(N, C, dtype=torch.float64) * scale).to(device).requires_grad_()


def one_by_one(h: Tensor, spans: Spans, weights: SpanWeights) -> Tensor:
    logits = []
    for start, end in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True):
        hidden = weights.bias
        if weights.first is not None:
            hidden = hidden + weights.first @ h[start] + weights.last @ h[end - 1]
        if weights.embedding is not None:
            hidden = hidden + weights.width @ weights.embedding[end - start - 1]
        if weights.score is not None:
            attention = (h[start:end] @ weights.score[0]).softmax(0)
            hidden = hidden + weights.value @ (attention @ h[start:end])
        if weights.case_embedding is not None:
            hidden = hidden + weights.case @ weights.case_embedding[spans.cases[start:end]].sum(0)
        if weights.length_embedding is not None:
            bucket = BUCKET[min(int(spans.pieces[start:end].sum()), len(BUCKET) - 1)]
            hidden = hidden + weights.length @ weights.length_embedding[bucket]
        logits.append(weights.classify @ F.gelu(hidden) + weights.classify_bias)
    return torch.stack(logits)


def with_gradients(
    logits: Tensor, h: Tensor, weights: SpanWeights, upstream: Tensor
) -> list[Tensor]:
    inputs = [h, *(weight for weight in weights if weight is not None)]
    gradients = torch.autograd.grad(
        logits, inputs, upstream.to(logits.dtype), materialize_grads=True
    )
    return [logits.detach(), *gradients]


def test_candidates_are_all_spans_in_one_sentence_the_narrowest_first(device: str) -> None:
    spans = candidate_spans(torch.zeros(6, device=device), torch.tensor([0, 1, 4, 6]), 2)

    found = list(zip(spans.starts.tolist(), spans.ends.tolist(), strict=True))
    assert found == [(row, row + 1) for row in range(6)] + [(1, 3), (2, 4), (4, 6)]
    assert spans.fits.shape == (2, 6)
    starts, widths = spans.starts, spans.ends - spans.starts
    assert spans.find(starts, widths).tolist() == list(range(len(found)))


def test_candidates_are_no_wider_than_the_longest_sentence() -> None:
    spans = candidate_spans(torch.zeros(5), torch.tensor([0, 3, 5]), 50)

    assert spans.fits.shape == (3, 5)
    assert int((spans.ends - spans.starts).max()) == 3


@pytest.mark.parametrize("kernel", ["auto", "fused", "naive"])
@pytest.mark.parametrize("max_width", [1, 4, 30])
@pytest.mark.parametrize("features", FEATURES)
def test_scores_and_gradients_are_those_of_spans_one_by_one(
    features: tuple[bool, ...],
    max_width: int,
    kernel: str,
    device: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fused, "ROWS_IN_BLOCK", 7)  # several blocks
    h, weights = states(device), random_weights(device, features, max_width)
    spans = marked_spans(device, max_width)
    upstream = torch.randn(len(spans.starts), CLASSES, dtype=torch.float64, device=device)

    actual = with_gradients(span_logits(h, spans, weights, kernel), h, weights, upstream)

    expected = with_gradients(one_by_one(h, spans, weights), h, weights, upstream)
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("scale", [40, 1000])
def test_pooling_survives_scores_that_would_overflow(scale: float, device: str) -> None:
    h, weights = (
        states(device, scale),
        random_weights(device, (False, False, True, False, False), 8),
    )
    weights = weights._replace(value=(weights.value.detach() / scale).requires_grad_())
    spans = candidate_spans(h, OFFSETS, 8)
    upstream = torch.randn(len(spans.starts), CLASSES, dtype=torch.float64, device=device)

    fused, naive = (
        with_gradients(span_logits(h, spans, weights, name), h, weights, upstream)
        for name in ("fused", "naive")
    )

    torch.testing.assert_close(fused, naive, rtol=1e-9, atol=1e-9)


def test_gradients_are_those_of_finite_differences() -> None:
    h, weights = states("cpu")[:4], random_weights("cpu", ALL, 3)
    spans = marked_spans("cpu", 3, torch.tensor([0, 3, 4]))
    h = h.detach().requires_grad_()

    def logits(h: Tensor, *weights: Tensor) -> Tensor:
        return span_logits(h, spans, SpanWeights(*weights), "fused")

    assert torch.autograd.gradcheck(logits, (h, *weights))


def test_single_precision_is_as_good_as_its_inputs(device: str) -> None:
    h, weights = states(device), random_weights(device, ALL, 8)
    spans = marked_spans(device, 8)
    upstream = torch.randn(len(spans.starts), CLASSES, device=device)
    single_h = h.detach().float().requires_grad_()
    single = SpanWeights(*(weight.detach().float().requires_grad_() for weight in weights))

    actual = with_gradients(span_logits(single_h, spans, single), single_h, single, upstream)

    expected = with_gradients(span_logits(h, spans, weights, "naive"), h, weights, upstream)
    for one, other in zip(actual, expected, strict=True):
        assert (one - other).abs().max() <= 2e-6 * other.abs().max()


def test_frozen_parts_get_no_gradient(device: str) -> None:
    h, weights = states(device).detach(), random_weights(device, ALL, 4)
    weights = weights._replace(value=weights.value.detach(), classify=weights.classify.detach())

    span_logits(h, marked_spans(device, 4), weights).sum().backward()

    assert weights.first.grad is not None
    assert weights.value.grad is None


def test_a_second_derivative_is_refused() -> None:
    h, weights = states("cpu"), random_weights("cpu", ALL, 4)
    logits = span_logits(h, marked_spans("cpu", 4), weights)

    with pytest.raises(RuntimeError, match="has no second derivative: use 'naive'"):
        torch.autograd.grad(logits.sum(), h, create_graph=True)


def test_states_of_another_batch_are_refused() -> None:
    weights = random_weights("cpu", ALL, 4)
    spans = candidate_spans(torch.zeros(3), torch.tensor([0, 3]), 4)
    with pytest.raises(ValueError, match=r"expected h of shape \[3, C\], got \[4, 6\]"):
        span_logits(torch.zeros(4, C), spans, weights)


@pytest.mark.parametrize("name", ["cases", "pieces"])
def test_tokens_without_what_the_weights_read_are_refused(name: str) -> None:
    h, weights, spans = states("cpu"), random_weights("cpu", ALL, 4), marked_spans("cpu", 4)
    with pytest.raises(ValueError, match=rf"expected {name} of shape \[36\], got none"):
        span_logits(h, replace(spans, **{name: None}), weights)
    with pytest.raises(ValueError, match=rf"expected {name} of shape \[36\], got \[2\]"):
        span_logits(h, replace(spans, **{name: torch.ones(2, dtype=torch.long)}), weights)


def test_numbers_of_pieces_fall_into_buckets_that_widen() -> None:
    pieces = torch.tensor([0, 1, 2, 5, 6, 8, 9, 16, 17, 10**6])

    assert length_bucket(pieces, 10).tolist() == [0, 0, 1, 4, 5, 5, 6, 6, 7, 9]
    assert length_bucket(pieces, 4).tolist() == [0, 0, 1, 3, 3, 3, 3, 3, 3, 3]
    assert length_bucket(pieces, 1).tolist() == [0] * 10


def test_an_unknown_kernel_is_refused_with_the_choices() -> None:
    h, weights = states("cpu"), random_weights("cpu", (True, True, True, False, False), 4)
    with pytest.raises(InputError, match=r"Unknown kernel 'fast' of .*: auto, fused, na"):
        span_logits(h, candidate_spans(h, OFFSETS, 4), weights, "fast")
