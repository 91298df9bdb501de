"""The CRF's loss of soft targets against the enumeration of all sets of entities."""

import random
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from synner_graph.data.schemes import valid_transitions
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.heads import CRFHead
from synner_graph.heads.crf_soft import CRFSoftGold
from synner_graph.heads.soft import SoftTarget, excess
from tests.heads.soft_targets import LABELS, certain, flat_teacher, gradients, random_targets
from tests.heads.test_crf_head import SCHEMES, random_head

LENGTHS = [4, 1, 3, 5, 1, 2]
OFFSETS = torch.tensor([0, *LENGTHS]).cumsum(0)
N, C = sum(LENGTHS), 6


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def states() -> Tensor:
    return torch.randn(N, C, requires_grad=True)


def sets(
    length: int, taught: Sequence[Entity], start: int = 0
) -> Iterator[tuple[float, list[Entity]]]:
    """Every set of a teacher's entities, with its probability.

    From left to right: where nothing goes on, an entity begins, or the token is outside, with its
    share of what can be there, whatever came before.
    """
    if start == length:
        yield 1.0, []
        return
    begin = [e for e in taught if e.start == start]
    inside = sum(e.score or 0 for e in taught if e.start < start < e.end)
    outside = 1 - sum(e.score or 0 for e in taught if e.start <= start < e.end)
    whole = 1 - inside
    for entity in begin:
        for probability, others in sets(length, taught, entity.end):
            yield (entity.score or 0) / whole * probability, [entity, *others]
    for probability, others in sets(length, taught, start + 1):
        yield max(outside, 0) / whole * probability, others


def negative_log_likelihood(head: CRFHead, h: Tensor, entities: Sequence[Entity]) -> Tensor:
    """Of one sentence, by the kernels that other tests hold to enumeration."""
    sentence = Sentence(tokens=["t"] * len(h), entities=tuple(entities))
    return head.loss(h, torch.tensor([0, len(h)]), head.encode([sentence]))


def naive_loss(head: CRFHead, h: Tensor, targets: Sequence[SoftTarget]) -> Tensor:
    losses = []
    for rows, target in zip(h.split(LENGTHS), targets, strict=True):
        if target.gold is not None:
            gold = negative_log_likelihood(head, rows, target.gold)
            losses.append((1 - target.share) * gold)
        total = 0.0
        for probability, entities in sets(len(rows), target.taught):
            total += probability
            if probability > 0:
                nll = negative_log_likelihood(head, rows, entities)
                losses.append(target.share * probability * nll)
        assert total == pytest.approx(1)
    return torch.stack(losses).sum()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_loss_and_gradients_are_those_of_the_expected_likelihood(scheme: str, seed: int) -> None:
    head, h = random_head(scheme), states()
    targets = random_targets(random.Random(seed), LENGTHS)
    loss = head.loss(h, OFFSETS, head.encode_soft(targets))
    expected = naive_loss(head, h, targets)
    torch.testing.assert_close(loss, expected)
    found = gradients(loss, head, h)
    torch.testing.assert_close(found, gradients(expected, head, h))
    assert all(gradient.abs().max() > 0 for gradient in found)


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_teacher_that_says_what_gold_says_changes_nothing(scheme: str, share: float) -> None:
    head, h = random_head(scheme), states()
    draw = random.Random(1)
    gold = [
        Sentence(tokens=["t"] * length, entities=tuple(t.gold or ()))
        for length, t in zip(LENGTHS, random_targets(draw, LENGTHS), strict=True)
    ]
    gold[3] = gold[3].replace(entities=[Entity(0, 5, "PER")])  # as wide as its sentence
    soft = head.encode_soft(certain([s.entities for s in gold], LENGTHS, share))
    hard = head.encode(gold)
    for one, other in (
        (head.loss(h, OFFSETS, soft), head.loss(h, OFFSETS, hard)),
        (
            head.rdrop_loss(h, 2 * h, OFFSETS, soft, None, 0.7),
            head.rdrop_loss(h, 2 * h, OFFSETS, hard, None, 0.7),
        ),
    ):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(gradients(one, head, h), gradients(other, head, h))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_counts_are_of_what_the_scheme_allows(scheme: str) -> None:
    head = random_head(scheme)
    targets = random_targets(random.Random(5), LENGTHS)
    gold = head.encode_soft(targets)
    assert isinstance(gold, CRFSoftGold)
    follow, first, last = map(torch.from_numpy, valid_transitions(head.tags, scheme))
    assert not gold.pairs[~follow].any()
    assert not gold.start[~first].any() and not gold.end[~last].any()
    weights = [1.0 if t.gold is not None else t.share for t in targets]
    torch.testing.assert_close(gold.weights, torch.tensor(weights))
    per_token = gold.weights.repeat_interleave(torch.tensor(LENGTHS))
    torch.testing.assert_close(gold.tags.sum(1), per_token)
    pairs = sum(w * (length - 1) for w, length in zip(weights, LENGTHS, strict=True))
    assert gold.pairs.sum().item() == pytest.approx(pairs)


def test_a_student_that_agrees_on_every_tag_has_no_gradient_by_emissions() -> None:
    """An optimum of the loss: all that it asks for are the counts."""
    head = random_head("bioes")
    h = torch.randn(3, C, requires_grad=True)
    offsets = torch.tensor([0, 3])
    with torch.no_grad():
        spans = [(s, e, x) for s in range(3) for e in range(s + 1, 4) for x in LABELS]
        taught = tuple(
            Entity(*span, head.log_probability(h, Entity(*span)).exp().item()) for span in spans
        )
    loss = head.loss(h, offsets, head.encode_soft([SoftTarget(3, None, taught, 1.0)]))
    (by_states,) = torch.autograd.grad(loss, h)
    torch.testing.assert_close(by_states, torch.zeros_like(h), atol=1e-9, rtol=0)


def test_tokens_claimed_more_than_once_are_shared() -> None:
    """Two spans of 0.9 that cross: each gets the half of a token's mass that both want."""
    head, h = random_head("bioes"), torch.randn(4, C)
    offsets = torch.tensor([0, 4])
    crossing = (Entity(0, 2, "PER", 0.9), Entity(1, 3, "LOC", 0.9), Entity(3, 4, "LOC", 0.4))
    shared = (Entity(0, 2, "PER", 0.5), Entity(1, 3, "LOC", 0.5), Entity(3, 4, "LOC", 0.4))
    given, fair = (SoftTarget(4, None, taught, 0.8) for taught in (crossing, shared))
    loss, expected = (head.loss(h, offsets, head.encode_soft([t])) for t in (given, fair))
    torch.testing.assert_close(loss, expected)
    assert excess(given) == pytest.approx(1.8) and excess(fair) == pytest.approx(1.0)
    (remark,) = head.soft_remarks([given, fair, SoftTarget(2, (), (), 0.5)])
    assert remark.startswith("1 sentences have tokens")


def test_the_teachers_of_these_tests_share_no_tokens() -> None:
    """Else the tests above would test how they are scaled down."""
    draw = random.Random(2)
    for length in LENGTHS:
        target = SoftTarget(length, None, flat_teacher(draw, length), 1.0)
        assert target.taught and excess(target) < 1 + 1e-9
