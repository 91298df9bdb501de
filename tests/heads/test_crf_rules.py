"""Rules in the CRF against the enumeration of all tag sequences, those that break them left out."""

import math
import random
from collections.abc import Mapping, Sequence

import pytest
import torch

from synner_graph.data.dictionary import SpanRule
from synner_graph.data.schemes import tags_to_entities
from synner_graph.data.sentence import Entity
from synner_graph.heads import CRFHead
from tests.heads.test_crf_head import (
    KERNELS,
    LABELS,
    LENGTHS,
    OFFSETS,
    SCHEMES,
    enumerate_scores,
    log_partition,
    random_head,
    states,
)

Rules = list[SpanRule]


def random_rules(draw: random.Random, length: int) -> Rules:
    """Of any spans and labels; none shares a token with a forced one."""
    rules: dict[tuple[int, int, str], float] = {}
    taken: set[int] = set()
    if draw.random() < 0.4:
        start = draw.randrange(length)
        end = draw.randint(start + 1, length)
        rules[start, end, draw.choice(LABELS)] = math.inf
        taken = set(range(start, end))
    for _ in range(draw.randint(0, 2 * length)):
        start = draw.randrange(length)
        end = draw.randint(start + 1, length)
        if taken.isdisjoint(range(start, end)):
            weight = draw.choice([-math.inf, draw.uniform(-3, 4)])
            for label in draw.choice([LABELS, LABELS[:1], LABELS[1:]]):
                rules.setdefault((start, end, label), weight)
    return [SpanRule(*span, weight) for span, weight in sorted(rules.items())]


def under_rules(
    scores: Mapping[tuple[str, ...], float], rules: Sequence[SpanRule], scheme: str
) -> dict[tuple[str, ...], float]:
    """The scores of the tag sequences that keep the rules, with what hints add."""
    kept = {}
    for tags, score in scores.items():
        found = set(tags_to_entities(tags, scheme)[0])
        for start, end, label, weight in rules:
            present = Entity(start, end, label) in found
            if weight == math.inf:
                score += 0 if present else -math.inf
            elif present:
                score += weight
        if score > -math.inf:
            kept[tags] = score
    return kept


def posteriors(scores: Mapping[tuple[str, ...], float], scheme: str) -> dict[Entity, float]:
    found: dict[Entity, float] = {}
    whole = log_partition(dict(scores))
    for tags, score in scores.items():
        for entity in tags_to_entities(tags, scheme)[0]:
            found[entity] = found.get(entity, 0.0) + (score - whole).exp().item()
    return found


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_decoding_and_posteriors_are_those_of_the_sequences_that_keep_the_rules(
    scheme: str, kernel: str
) -> None:
    draw, used, scored = random.Random(3), 0, 0
    for temperature in (1.0, 1.7, 0.6):
        head, h = random_head(scheme), states()
        head.kernel, head.temperature = kernel, temperature
        rules = [random_rules(draw, length) for length in LENGTHS]
        decoded = head.decode(h, OFFSETS, None, rules)
        likely = head.candidates(h, OFFSETS, 0.0, None, rules)
        some = head.candidates(h, OFFSETS, 0.05, None, rules)
        likelihoods = head.best_log_probability(h, OFFSETS, None, rules)
        parts = zip(rules, h.split(LENGTHS), decoded, likely, some, likelihoods, strict=True)
        for of_sentence, rows, entities, every, probable, share in parts:
            scores = under_rules(enumerate_scores(head, rows), of_sentence, scheme)
            best = max(scores, key=scores.__getitem__)
            assert entities == tags_to_entities(best, scheme)[0]
            tempered = {t: s / temperature for t, s in scores.items()}
            assert share == pytest.approx(tempered[best] - log_partition(tempered).item())
            expected = posteriors(tempered, scheme)
            for entity in (*entities, *every):
                assert entity.score == pytest.approx(expected.get(entity, 0.0), abs=1e-12)
            assert len(every) == len(LABELS) * len(rows) * (len(rows) + 1) // 2
            assert probable == [e for e in every if e.score >= 0.05]
            for entity in draw.sample(every, 2):
                found = head.log_probability(rows, entity, None, of_sentence).exp().item()
                assert found == pytest.approx(expected.get(entity, 0.0), abs=1e-12)
            used += len(of_sentence)
            scored += len(entities)
    assert used > 15 and scored > 10


def test_a_hint_multiplies_the_odds_of_its_entity() -> None:
    head, h = random_head("bioes"), states()[:4]
    entity = Entity(1, 3, "PER")
    before = head.log_probability(h, entity).exp().item()
    for weight in (2.0, -1.0):
        after = head.log_probability(h, entity, None, [SpanRule(1, 3, "PER", weight)]).exp().item()
        assert after / (1 - after) == pytest.approx(before / (1 - before) * math.exp(weight))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_veto_is_of_that_very_span(scheme: str) -> None:
    """Wider and narrower entities of the label stay, and of what is left all grow alike."""
    head, h, offsets = random_head(scheme), states()[:4], torch.tensor([0, 4])
    plain = {e: e.score for e in head.candidates(h, offsets, 0.0)[0]}
    (found,) = head.candidates(h, offsets, 0.0, None, [[SpanRule(0, 2, "LOC", -math.inf)]])
    under = {e: e.score for e in found}
    vetoed = Entity(0, 2, "LOC")
    assert under[vetoed] == 0 < plain[vetoed]
    for entity in (Entity(0, 1, "LOC"), Entity(0, 3, "LOC"), Entity(0, 2, "PER")):
        assert under[entity] == pytest.approx(plain[entity] / (1 - plain[vetoed]))


def test_sentences_without_rules_stay_as_they_are() -> None:
    head, h = random_head("bioes"), states()
    rules: list[Rules] = [[] for _ in LENGTHS]
    plain = head.decode(h, OFFSETS)
    assert head.decode(h, OFFSETS, None, rules) == plain
    rules[2] = [SpanRule(0, 3, "PER", math.inf)]
    found = head.decode(h, OFFSETS, None, rules)
    assert found[2] == [Entity(0, 3, "PER")] and found[2][0].score == 1
    for b in (0, 1, 3, 4):
        assert found[b] == plain[b]
        assert [e.score for e in found[b]] == pytest.approx([e.score for e in plain[b]], abs=1e-14)


@pytest.mark.parametrize("kernel", KERNELS)
def test_rules_hold_in_long_sentences_in_single_precision(kernel: str) -> None:
    head, h = random_head("bioes", scale=10).float(), torch.randn(400, 6)
    head.kernel = kernel
    rules = [SpanRule(s, s + 3, "PER", math.inf) for s in range(0, 200, 10)]
    rules += [SpanRule(s, s + w, "LOC", 30.0) for s in range(200, 300, 10) for w in (2, 5)]
    rules += [SpanRule(s, s + w, "PER", -math.inf) for s in range(300, 400) for w in (1, 2, 3)]
    rules = [rule for rule in rules if rule.end <= 400]
    offsets = torch.tensor([0, 400])
    rounded = head.decode(h, offsets, None, [rules])[0]
    exact = head.double().decode(h.double(), offsets, None, [rules])[0]
    assert rounded == exact
    assert [e.score for e in rounded] == pytest.approx([e.score for e in exact], rel=1e-3)
    spans = {(e.start, e.end, e.label) for e in rounded}
    assert {(s, s + 3, "PER") for s in range(0, 200, 10)} <= spans
    assert not any(
        label == "PER" and start >= 300 and end - start < 4 for start, end, label in spans
    )


def test_gradients_are_those_of_the_share_of_sequences_that_keep_the_rules() -> None:
    head = CRFHead(6, LABELS, "bio").double().eval()
    h = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    rules = [SpanRule(0, 2, "PER", -math.inf), SpanRule(1, 4, "LOC", 1.5)]
    rules += [SpanRule(3, 4, "PER", -math.inf)]
    gradients = []
    for kernel in KERNELS:
        head.kernel = kernel
        for entity in (Entity(1, 4, "LOC"), Entity(1, 3, "LOC"), Entity(2, 3, "PER")):
            score = head.log_probability(h, entity, None, rules)
            (gradient,) = torch.autograd.grad(score, h)
            gradients.append(gradient)
            step = 1e-6
            moved = h.detach() + step * torch.eye(6, dtype=torch.float64)[2] * torch.eye(4)[1:2].T
            change = head.log_probability(moved.double(), entity, None, rules) - score
            assert change.item() / step == pytest.approx(gradient[1, 2].item(), abs=1e-4)
    for one, other in zip(gradients[:3], gradients[3:6], strict=True):
        torch.testing.assert_close(one, other)
    forced = [SpanRule(0, 2, "PER", math.inf)]
    score = head.log_probability(h, Entity(0, 2, "PER"), None, forced)
    (gradient,) = torch.autograd.grad(score, h)
    assert score.item() == pytest.approx(0) and gradient.abs().max() < 1e-12
