"""Every kernel of the CRF against the enumeration of all tag sequences."""

from itertools import pairwise, product
from math import exp, inf, isinf, log

import pytest
import torch
from torch import Tensor

from synner_graph.errors import InputError
from synner_graph.operators.crf import (
    cpu,
    crf_divergence,
    crf_forward_backward,
    crf_log_partition,
    crf_marginals,
    crf_score,
    crf_viterbi,
)
from tests.crfs import CRF, LENGTHS, random_crf

KERNELS = ["auto", "cpu", "fused", "naive"]


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest, device: str) -> str:
    name = str(request.param)
    reason = cpu.obstacle(torch.zeros(1, device=device)) if name == "cpu" else None
    if reason is not None:
        pytest.skip(reason)
    return name


def constrained_crf(device: str) -> CRF:
    """Some scores are -inf; tag 2 cannot be reached at all, which makes a log-sum of nothing."""
    crf = random_crf(device, tags=4)
    with torch.no_grad():
        crf.transitions[0, 3] = crf.transitions[3, 1] = -inf
        crf.transitions[:, 2] = -inf
        crf.start[2] = crf.start[1] = -inf
        crf.end[0] = -inf
    return crf


def single(crf: CRF, sentence: int) -> CRF:
    first, last = crf.offsets[sentence : sentence + 2].tolist()
    return crf._replace(
        emissions=crf.emissions[first:last], offsets=torch.tensor([0, last - first])
    )


def enumerate_scores(crf: CRF, sentence: int) -> dict[tuple[int, ...], float]:
    """Score of every tag sequence of one sentence, in plain Python."""
    emissions = single(crf, sentence).emissions.tolist()
    transitions, start, end = crf.transitions.tolist(), crf.start.tolist(), crf.end.tolist()
    scores = {}
    for tags in product(range(len(start)), repeat=len(emissions)):
        score = start[tags[0]] + end[tags[-1]]
        score += sum(row[tag] for row, tag in zip(emissions, tags, strict=True))
        score += sum(transitions[i][j] for i, j in pairwise(tags))
        scores[tags] = score
    return scores


def log_sum(scores: list[float]) -> float:
    return log(sum(exp(score) for score in scores))


def assert_equal(actual: Tensor, expected: object, dtype: torch.dtype = torch.float64) -> None:
    expected = torch.as_tensor(expected, dtype=dtype, device=actual.device)
    torch.testing.assert_close(actual.detach(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", [random_crf, constrained_crf])
def test_log_partition_sums_over_all_sequences(make, device: str, kernel: str) -> None:
    crf = make(device)

    expected = [log_sum([*enumerate_scores(crf, b).values()]) for b in range(len(LENGTHS))]

    assert_equal(crf_log_partition(*crf, kernel=kernel), expected)


@pytest.mark.parametrize("make", [random_crf, constrained_crf])
def test_score_is_the_score_of_the_sequence(make, device: str) -> None:
    crf = make(device)
    tags = torch.randint(len(crf.start), (sum(LENGTHS),), device=device)

    rows = [tuple(part.tolist()) for part in torch.split(tags, LENGTHS)]
    expected = [enumerate_scores(crf, b)[row] for b, row in enumerate(rows)]

    assert_equal(crf_score(crf.emissions, tags, *crf[1:]), expected)


@pytest.mark.parametrize("make", [random_crf, constrained_crf])
def test_viterbi_finds_the_best_sequence(make, device: str, kernel: str) -> None:
    crf = make(device)

    found = torch.split(crf_viterbi(*crf, kernel=kernel), LENGTHS)

    for b, tags in enumerate(found):
        scores = enumerate_scores(crf, b)
        assert tuple(tags.tolist()) == max(scores, key=scores.__getitem__)


def test_viterbi_breaks_ties_towards_low_tags_from_the_end(device: str, kernel: str) -> None:
    for _ in range(20):
        crf = CRF(*(tensor.detach().round() for tensor in random_crf(device)))
        for b, tags in enumerate(torch.split(crf_viterbi(*crf, kernel=kernel), LENGTHS)):
            scores = enumerate_scores(crf, b)
            best = [sequence for sequence in scores if scores[sequence] == max(scores.values())]
            assert tuple(tags.tolist()) == min(best, key=lambda sequence: sequence[::-1])


@pytest.mark.parametrize("make", [random_crf, constrained_crf])
def test_marginals_are_sums_of_sequence_probabilities(make, device: str, kernel: str) -> None:
    crf = make(device)

    marginals = torch.split(crf_marginals(*crf, kernel=kernel), LENGTHS)

    for b, actual in enumerate(marginals):
        expected = torch.zeros_like(actual)
        scores = enumerate_scores(crf, b)
        for tags, score in scores.items():
            for position, tag in enumerate(tags):
                expected[position, tag] += exp(score - log_sum([*scores.values()]))
        assert_equal(actual, expected.detach())


def test_forward_and_backward_meet_at_every_token(device: str, kernel: str) -> None:
    crf = random_crf(device)

    alpha, beta, log_partition = crf_forward_backward(*crf, kernel=kernel)

    lengths = torch.tensor(LENGTHS, device=device)
    assert_equal((alpha + beta).logsumexp(1), log_partition.repeat_interleave(lengths))
    assert_equal(log_partition, crf_log_partition(*crf, kernel=kernel))
    assert_equal(beta[crf.offsets[1:] - 1], crf.end.detach().expand(len(LENGTHS), -1))


@pytest.mark.parametrize("make", [random_crf, constrained_crf])
def test_gradient_of_the_log_partition_is_the_marginals(make, device: str, kernel: str) -> None:
    crf = make(device)
    upstream = torch.randn(len(LENGTHS), dtype=torch.float64, device=device)

    (gradient,) = torch.autograd.grad(
        crf_log_partition(*crf, kernel=kernel), crf.emissions, upstream
    )

    per_token = upstream.repeat_interleave(torch.tensor(LENGTHS, device=device))
    assert_equal(
        gradient,
        crf_marginals(*crf, kernel=kernel).detach() * per_token.unsqueeze(1),
    )


def test_gradients_are_those_of_finite_differences(kernel: str) -> None:
    crf = random_crf(lengths=[3, 1, 2])
    tags = torch.tensor([0, 2, 1, 1, 2, 0])
    inputs = (crf.emissions, *crf[2:])

    def log_partition(emissions: Tensor, *scores: Tensor) -> Tensor:
        return crf_log_partition(emissions, crf.offsets, *scores, kernel=kernel)

    def score(emissions: Tensor, *scores: Tensor) -> Tensor:
        return crf_score(emissions, tags, crf.offsets, *scores)

    assert torch.autograd.gradcheck(log_partition, inputs)
    assert torch.autograd.gradcheck(score, inputs)


def test_what_is_forbidden_has_zero_gradient_and_nothing_is_nan(device: str, kernel: str) -> None:
    crf = constrained_crf(device)
    inputs = (crf.emissions, *crf[2:])
    upstream = torch.randn(len(LENGTHS), dtype=torch.float64, device=device)

    gradients = torch.autograd.grad(crf_log_partition(*crf, kernel=kernel), inputs, upstream)

    for tensor, gradient in zip(inputs, gradients, strict=True):
        assert gradient.isfinite().all()
        assert (gradient[tensor.isinf()] == 0).all()


def test_an_impossible_sequence_scores_minus_infinity() -> None:
    crf = constrained_crf("cpu")

    tags = torch.full((sum(LENGTHS),), 2)

    assert all(isinf(score) for score in crf_score(crf.emissions, tags, *crf[1:]).tolist())


def test_a_batch_equals_its_sentences_alone(device: str, kernel: str) -> None:
    crf = random_crf(device)
    sentences = [single(crf, b) for b in range(len(LENGTHS))]

    for function in (crf_log_partition, crf_viterbi, crf_marginals):
        together = function(*crf, kernel=kernel)
        alone = torch.cat([function(*sentence, kernel=kernel) for sentence in sentences])
        torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)


def test_long_sentences_with_large_scores_do_not_overflow(device: str, kernel: str) -> None:
    crf = random_crf(device, lengths=[400, 7], scale=50)
    single_precision = [crf.emissions.float(), crf.offsets, *(t.float() for t in crf[2:])]

    torch.testing.assert_close(
        crf_log_partition(*single_precision, kernel=kernel).double(),
        crf_log_partition(*crf, kernel=kernel),
        rtol=1e-5,
        atol=0,
    )
    assert torch.equal(
        crf_viterbi(*single_precision, kernel=kernel),
        crf_viterbi(*crf, kernel=kernel),
    )


def test_offsets_may_live_on_the_device(device: str, kernel: str) -> None:
    crf = random_crf(device)
    moved = crf._replace(offsets=crf.offsets.to(device))

    for function in (crf_log_partition, crf_viterbi, crf_marginals):
        assert torch.equal(
            function(*moved, kernel=kernel),
            function(*crf, kernel=kernel),
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emissions": torch.zeros(15)}, r"expected emissions of shape \[N, K\], got \[15\]"),
        (
            {"transitions": torch.zeros(3, 2)},
            r"expected transitions of shape \[3, 3\], got \[3, 2\]",
        ),
        ({"start": torch.zeros(2)}, r"expected start of shape \[3\], got \[2\]"),
        ({"end": torch.zeros(3, 1)}, r"expected end of shape \[3\], got \[3, 1\]"),
        ({"offsets": torch.tensor([0, 14])}, "expected offsets from 0 to 15"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crf_log_partition(*random_crf()._replace(**change))


def test_tags_that_do_not_fit_are_refused() -> None:
    crf = random_crf()
    with pytest.raises(ValueError, match=r"expected 15 tags, got \[14\]"):
        crf_score(crf.emissions, torch.zeros(14, dtype=torch.long), *crf[1:])


@pytest.mark.parametrize("function", [crf_log_partition, crf_viterbi, crf_marginals])
def test_an_unknown_kernel_is_refused_with_the_choices(function) -> None:
    crf = random_crf()
    with pytest.raises(InputError, match=r"Unknown kernel 'fast' of .*: auto, cpu, fused, naive\."):
        function(*crf, kernel="fast")


@pytest.mark.parametrize("constrained", [False, True])
def test_divergence_is_that_of_the_enumerated_sequences(constrained: bool, device: str) -> None:
    first = constrained_crf(device) if constrained else random_crf(device)
    noise = 0.7 * torch.randn_like(first.emissions)
    second = first._replace(emissions=(first.emissions + noise).detach().requires_grad_())
    leaves = [first.emissions, second.emissions, *first[2:]]

    apart = crf_divergence(first.emissions, second.emissions, *first[1:])

    expected = torch.stack([enumerated_divergence(first, second, b) for b in range(len(LENGTHS))])
    torch.testing.assert_close(apart, expected)
    assert (apart > 0).sum() >= 3
    upstream = torch.randn_like(apart)
    found = torch.autograd.grad(apart, leaves, upstream)
    wanted = torch.autograd.grad(expected, leaves, upstream)
    for one, other in zip(found, wanted, strict=True):
        assert one.any()
        torch.testing.assert_close(one, other)


def enumerated_divergence(first: CRF, second: CRF, sentence: int) -> Tensor:
    """From the probability of every tag sequence of one sentence, differentiable."""
    logs = []
    for crf in (first, second):
        one = single(crf, sentence)
        scores = []
        for tags in product(range(len(one.start)), repeat=len(one.emissions)):
            terms = [one.start[tags[0]], one.end[tags[-1]]]
            terms += [row[tag] for row, tag in zip(one.emissions, tags, strict=True)]
            terms += [one.transitions[step] for step in pairwise(tags)]
            if not any(term.isinf() for term in terms):
                scores.append(sum(terms))
        logs.append(torch.stack(scores).log_softmax(0))
    p, q = logs
    return ((p.exp() * (p - q)).sum() + (q.exp() * (q - p)).sum()) / 2


def test_a_crf_does_not_diverge_from_itself(device: str) -> None:
    crf = random_crf(device)
    apart = crf_divergence(crf.emissions, crf.emissions.detach() + 3, *crf[1:])
    torch.testing.assert_close(apart, torch.zeros_like(apart), atol=1e-9, rtol=0)
    (gradient,) = torch.autograd.grad(apart.sum(), crf.emissions)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-9, rtol=0)
    with pytest.raises(ValueError, match="expected emissions alike"):
        crf_divergence(crf.emissions, crf.emissions[1:], *crf[1:])
