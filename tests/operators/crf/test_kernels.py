"""The fast CRFs against the naive one: values, every gradient, paths; what float64 cannot hold."""

from math import inf

import pytest
import torch
from torch import Tensor

from synner_graph.data.schemes import tag_set, valid_transitions
from synner_graph.operators.crf import (
    cpu,
    crf_forward_backward,
    crf_log_partition,
    crf_marginals,
    crf_viterbi,
    scaled,
)
from tests.crfs import CRF, random_crf

LENGTHS = [7, 1, 23, 1, 2, 60, 11]
RANDOM_SIZES = [1, 2, 8, 9, 13, 37, 73, 105]


@pytest.fixture(params=["cpu", "fused"])
def fast(request: pytest.FixtureRequest, device: str) -> str:
    name = str(request.param)
    reason = cpu.obstacle(torch.zeros(1, device=device)) if name == "cpu" else None
    if reason is not None:
        pytest.skip(reason)
    return name


def bioes_crf(device: str, scale: float = 1.0) -> CRF:
    """What BIOES forbids is -inf: 13 tags."""
    tags = tag_set(("A", "B", "C"), "bioes")
    crf = random_crf(device, LENGTHS, len(tags), scale)
    follow, first, last = (torch.from_numpy(mask) for mask in valid_transitions(tags, "bioes"))
    with torch.no_grad():
        for scores, mask in ((crf.transitions, follow), (crf.start, first), (crf.end, last)):
            scores.masked_fill_(~mask.to(device), -inf)
    return crf


def value_and_gradients(crf: CRF, kernel: str, upstream: Tensor) -> list[Tensor]:
    inputs = (crf.emissions, *crf[2:])
    values = crf_log_partition(*crf, kernel=kernel)
    gradients = torch.autograd.grad(values, inputs, upstream.to(values.dtype))
    for tensor, gradient in zip(inputs, gradients, strict=True):
        assert gradient.dtype == tensor.dtype
        assert gradient.isfinite().all()
        assert (gradient[tensor == -inf] == 0).all()
    return [values.detach(), *gradients]


def assert_like_naive(crf: CRF, fast: str, tolerance: float = 1e-11) -> None:
    upstream = torch.randn(len(crf.offsets) - 1, dtype=torch.float64, device=crf.start.device)
    actual = value_and_gradients(crf, fast, upstream)
    expected = value_and_gradients(crf, "naive", upstream)
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)

    with torch.no_grad():  # sweeps in one direction only
        alone = crf_log_partition(*crf, kernel=fast)
    torch.testing.assert_close(alone, actual[0], rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(
        crf_forward_backward(*crf, kernel=fast),
        tuple(x.detach() for x in crf_forward_backward(*crf, kernel="naive")),
        rtol=tolerance,
        atol=tolerance,
    )
    assert torch.equal(crf_viterbi(*crf, kernel=fast), crf_viterbi(*crf, kernel="naive"))


@pytest.mark.parametrize("tags", RANDOM_SIZES)
def test_values_gradients_and_paths_are_those_of_naive(tags: int, fast: str, device: str) -> None:
    assert_like_naive(random_crf(device, LENGTHS, tags), fast)


@pytest.mark.parametrize("scale", [1, 40])
def test_constraints_and_large_emissions_change_nothing(
    scale: float, fast: str, device: str
) -> None:
    crf = bioes_crf(device)
    crf = crf._replace(emissions=(crf.emissions.detach() * scale).requires_grad_())

    assert_like_naive(crf, fast)


@pytest.mark.parametrize("scale", [1, 40])
def test_single_precision_is_as_good_as_its_inputs(scale: float, fast: str, device: str) -> None:
    exact = bioes_crf(device)
    exact = exact._replace(emissions=(exact.emissions.detach() * scale).requires_grad_())
    single = CRF(
        *(t.detach().float().requires_grad_() if t.is_floating_point() else t for t in exact)
    )
    exact = CRF(
        *(t.detach().double().requires_grad_() if t.is_floating_point() else t for t in single)
    )
    upstream = torch.randn(len(LENGTHS), device=device)

    actual = value_and_gradients(single, fast, upstream)

    assert {x.dtype for x in actual} == {torch.float32}
    expected = value_and_gradients(exact, "naive", upstream)
    for one, other in zip(actual, expected, strict=True):
        assert (one - other).abs().max() <= 3e-7 * other.abs().max()


def test_scores_out_of_the_range_of_doubles_are_done_in_log_space(fast: str, device: str) -> None:
    crf = bioes_crf(device, scale=1000)

    assert_like_naive(crf, fast)


def test_a_way_that_underflows_before_it_wins_is_not_lost(fast: str, device: str) -> None:
    """Tag 0 leads by exp(800), but cannot or can hardly end the sentence; tag 1 can."""
    emissions = torch.tensor([[800.0, 0], [0, 0], [0, 0]], dtype=torch.float64, device=device)
    transitions = torch.tensor([[0, -inf], [-inf, 0]], dtype=torch.float64, device=device)
    flat = torch.zeros(2, dtype=torch.float64, device=device)
    for ends in ([-inf, 0], [-1000.0, 0], [-300.0, 600]):
        stops = torch.tensor(ends, dtype=torch.float64, device=device)
        crf = CRF(emissions, torch.tensor([0, 3]), transitions, flat, stops)

        value = crf_log_partition(*crf, kernel=fast)

        torch.testing.assert_close(value, crf_log_partition(*crf, kernel="naive"))
        torch.testing.assert_close(
            crf_marginals(*crf, kernel=fast), crf_marginals(*crf, kernel="naive")
        )


def test_a_sentence_that_is_impossible_or_not_finite_spoils_no_other(
    fast: str, device: str
) -> None:
    crf = bioes_crf(device)
    with torch.no_grad():
        crf.emissions[7] = -inf  # the only token of sentence 1
        crf.emissions[8 + 5, 3:] = -inf  # some tags of a token of sentence 2
    upstream = torch.randn(len(LENGTHS), dtype=torch.float64, device=device)

    actual = value_and_gradients(crf, fast, upstream)

    expected = value_and_gradients(crf, "naive", upstream)
    assert actual[0].isinf().tolist() == [False, True, *[False] * 5]
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-11)


def test_nan_stays_in_its_sentence(fast: str, device: str) -> None:
    crf = bioes_crf(device)
    with torch.no_grad():
        crf.emissions[9, 2] = torch.nan

    values = crf_log_partition(*crf, kernel=fast)

    assert values.isnan().tolist() == [False, False, True, *[False] * 4]


@pytest.mark.parametrize("scale", [1, 40])
def test_marginals_sum_to_one(scale: float, fast: str, device: str) -> None:
    crf = bioes_crf(device)
    marginals = crf_marginals(crf.emissions * scale, *crf[1:], kernel=fast)

    torch.testing.assert_close(marginals.sum(1), torch.ones_like(marginals[:, 0]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tags", RANDOM_SIZES)
def test_paths_are_those_of_naive_on_ties_too(
    tags: int, dtype: torch.dtype, fast: str, device: str
) -> None:
    crf = random_crf(device, LENGTHS, tags)
    for turned in (crf, CRF(*(tensor.round() for tensor in crf))):
        scores = [t.detach().to(dtype) if t.is_floating_point() else t for t in turned]
        assert torch.equal(crf_viterbi(*scores, kernel=fast), crf_viterbi(*scores, kernel="naive"))


def test_a_batch_of_many_groups_is_right_everywhere(fast: str) -> None:
    """So many rows that they do not stay in the cache together."""
    assert_like_naive(random_crf("cpu", LENGTHS * 5, 105), fast)


@pytest.mark.parametrize("lengths", [[2], [5], [*[1] * 9, 2], [2, 1, 2], [3] * 4, [60, 1, 1, 1, 1]])
@pytest.mark.parametrize("tags", [1, 7, 16, 17])
def test_awkward_numbers_of_sentences_side_by_side(
    lengths: list[int], tags: int, fast: str, device: str
) -> None:
    assert_like_naive(random_crf(device, lengths, tags), fast)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_weights_of_all_sentences_give_the_same_as_unequal_ones(
    dtype: torch.dtype, fast: str, device: str
) -> None:
    """What a sum asks for may come from other code than what weighed sentences ask for."""
    crf = bioes_crf(device)
    crf = CRF(*(t.detach().to(dtype).requires_grad_() if t.is_floating_point() else t for t in crf))
    inputs = (crf.emissions, *crf[2:])
    values = crf_log_partition(*crf, kernel=fast)
    weights = torch.full_like(values, 0.3)
    uneven = torch.cat([weights[:-1], weights[-1:] * (1 + 1e-7)])

    equal, unequal = (
        torch.autograd.grad(values, inputs, upstream, retain_graph=True)
        for upstream in (weights, uneven)
    )
    again = torch.autograd.grad(values.sum() * 0.3, inputs)

    torch.testing.assert_close(equal, unequal, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(equal, again, rtol=0, atol=0)


def test_several_threads_find_the_same(fast: str) -> None:
    crf = random_crf("cpu", LENGTHS * 10, 37)
    upstream = torch.randn(len(LENGTHS) * 10)
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        try:
            found = value_and_gradients(crf, fast, upstream)
            results.append([*found, crf_viterbi(*crf, kernel=fast)])
        finally:
            torch.set_num_threads(threads)

    torch.testing.assert_close(results[1], results[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(results[2], results[0], rtol=1e-12, atol=1e-12)


def test_rows_need_not_lie_side_by_side(fast: str, device: str) -> None:
    crf = random_crf(device, LENGTHS, 5)
    turned = crf._replace(
        emissions=crf.emissions.detach().T.contiguous().T, transitions=crf.transitions.T
    )
    plain = turned._replace(transitions=crf.transitions.T.contiguous())

    for function in (crf_log_partition, crf_viterbi, crf_marginals):
        expected = function(*plain, kernel=fast)
        torch.testing.assert_close(function(*turned, kernel=fast), expected)


def test_a_second_derivative_is_refused(fast: str, device: str) -> None:
    crf = random_crf(device, LENGTHS, 3)
    values = crf_log_partition(*crf, kernel=fast)

    with pytest.raises(RuntimeError, match="has no second derivative: use 'naive'"):
        torch.autograd.grad(values.sum(), crf.emissions, create_graph=True)


def test_only_what_asks_for_a_gradient_gets_one(fast: str, device: str) -> None:
    crf = CRF(*(t.detach() for t in random_crf(device, LENGTHS, 4)))
    crf.transitions.requires_grad_()

    crf_log_partition(*crf, kernel=fast).sum().backward()

    pairs = sum(LENGTHS) - len(LENGTHS)
    assert crf.transitions.grad is not None
    assert crf.transitions.grad.sum().item() == pytest.approx(pairs)


def test_doubles_hold_products_of_small_sums() -> None:
    assert torch.finfo(torch.float64).tiny < scaled.SMALL**2
