"""The span head's loss of soft targets against one label of one span after the other."""

import random
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from synner_graph.data.sentence import Entity
from synner_graph.heads import SpanHead
from synner_graph.heads.soft import SoftTarget
from tests.heads.soft_targets import LABELS, certain, gradients, random_targets
from tests.heads.test_span_head import LENGTHS, MARKS, OFFSETS, SENTENCES, random_head, states

W = 2


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def naive_loss(head: SpanHead, h: Tensor, targets: Sequence[SoftTarget]) -> Tensor:
    """Cross-entropies of gold and of the teacher, each with its share; none is weighed by 0.3."""
    starts, ends, log_probs = head.span_scores(h, OFFSETS, MARKS)
    losses = []
    for start, end, row in zip(starts.tolist(), ends.tolist(), log_probs, strict=True):
        sentence = int((start >= OFFSETS).sum()) - 1
        target, first = targets[sentence], int(OFFSETS[sentence])
        sources = [(target.share, target.taught)]
        if target.gold is not None:
            sources.append((1 - target.share, target.gold))
        for share, entities in sources:
            rest = 1.0
            for entity in entities:
                if (entity.start + first, entity.end + first) == (start, end):
                    p = 1.0 if entity.score is None else entity.score
                    rest -= p
                    losses.append(-share * p * row[1 + LABELS.index(entity.label)])
            losses.append(-share * rest * 0.3 * row[0])
    return torch.stack(losses).sum()


@pytest.mark.parametrize("options", [{}, {"morphology_size": 2, "length_size": 3}])
@pytest.mark.parametrize("seed", range(3))
def test_loss_and_gradients_are_those_of_single_spans(seed: int, options: dict[str, int]) -> None:
    head, h = random_head(W, negative_weight=0.3, **options), states()
    targets = random_targets(random.Random(seed), LENGTHS)
    assert any(e.end - e.start > W for t in targets for e in t.taught), "some are no candidates"
    loss = head.loss(h, OFFSETS, head.encode_soft(targets), MARKS)
    expected = naive_loss(head, h, targets)
    torch.testing.assert_close(loss, expected)
    found = gradients(loss, head, h)
    torch.testing.assert_close(found, gradients(expected, head, h))
    assert all(gradient.abs().max() > 0 for gradient in found)


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_a_teacher_that_says_what_gold_says_changes_nothing(share: float) -> None:
    head, h = random_head(W, negative_weight=0.3), states()
    soft = head.encode_soft(certain([s.entities for s in SENTENCES], LENGTHS, share))
    hard = head.encode(SENTENCES)
    for one, other in (
        (head.loss(h, OFFSETS, soft, MARKS), head.loss(h, OFFSETS, hard, MARKS)),
        (
            head.rdrop_loss(h, 2 * h, OFFSETS, soft, MARKS, 0.7),
            head.rdrop_loss(h, 2 * h, OFFSETS, hard, MARKS, 0.7),
        ),
    ):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(gradients(one, head, h), gradients(other, head, h))


def test_a_span_with_two_labels_learns_both() -> None:
    head, h = random_head(W, negative_weight=0.3), states()
    torn = (Entity(0, 1, "LOC", 0.6), Entity(0, 1, "PER", 0.3), Entity(0, 2, "PER", 0.9))
    targets = [SoftTarget(LENGTHS[0], None, torn, 0.5)]
    targets += [SoftTarget(length, None, (), 0.5) for length in LENGTHS[1:]]
    loss = head.loss(h, OFFSETS, head.encode_soft(targets), MARKS)
    torch.testing.assert_close(loss, naive_loss(head, h, targets))


def test_spans_that_are_no_candidates_are_told() -> None:
    head = random_head(W)
    wide = SoftTarget(5, (), (Entity(0, 3, "LOC", 0.2), Entity(0, 2, "LOC", 0.3)), 0.5)
    (remark,) = head.soft_remarks([wide, wide])
    assert remark.startswith("2 of 4 spans that the teacher takes for entities are wider than 2")
    assert not list(head.soft_remarks([SoftTarget(5, (), wide.taught[1:], 0.5)]))
