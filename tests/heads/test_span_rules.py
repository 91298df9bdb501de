"""Rules in the span head against the enumeration of all sets of spans that keep them."""

import math
import random
from itertools import combinations, product

import pytest
import torch
from torch import Tensor

from synner_graph.data.dictionary import Dictionary, SpanRule
from synner_graph.data.entries import Entry, Row
from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.heads import SpanHead
from tests.heads.test_span_head import LABELS, LENGTHS, OFFSETS, random_head, states

KERNELS = ["naive", "fused"]
Span = tuple[int, int]


def clash(shares: str, one: Span, other: Span) -> bool:
    (a, b), (c, d) = one, other
    crossing = a < c < b < d or c < a < d < b
    return {"none": a < d and c < b, "nested": crossing or one == other, "any": one == other}[
        shares
    ]


def random_rules(draw: random.Random, length: int, shares: str) -> list[SpanRule]:
    """Of any spans up to the sentence; what clashes with a forced one has no rule."""
    rules: dict[tuple[int, int, str], float] = {}
    forced: list[Span] = []
    for _ in range(draw.randint(0, 2 * length)):
        start = draw.randrange(length)
        span = start, draw.randint(start + 1, length)
        weight = draw.choice([math.inf, -math.inf, draw.uniform(-3, 4)])
        if any(clash(shares, span, other) for other in forced):
            continue
        if weight == math.inf:
            forced.append(span)
            rules = {key: w for key, w in rules.items() if not clash(shares, key[:2], span)}
        rules.setdefault((*span, draw.choice(LABELS)), weight)
    return [SpanRule(*span, weight) for span, weight in sorted(rules.items())]


def distributions(
    head: SpanHead, rows: Tensor, rules: list[SpanRule], temperature: float
) -> dict[Span, dict[str | None, float]]:
    """Log-probability of each label, or none, of every span, by its definition."""
    starts, ends, log_probs = head.span_scores(rows, torch.tensor([0, len(rows)]))
    forced = {rule[:2]: rule.label for rule in rules if rule.forces}
    weights = {rule[:3]: rule.weight for rule in rules}
    found: dict[Span, dict[str | None, float]] = {}
    for start, end, row in zip(*(x.tolist() for x in (starts, ends, log_probs)), strict=True):
        span = start, end
        scores: dict[str | None, float] = {None: row[0]}
        for label, score in zip(LABELS, row[1:], strict=True):
            scores[label] = score + weights.get((start, end, label), 0.0)
        if span in forced:
            scores = {label: s for label, s in scores.items() if label == forced[span]}
            scores = dict.fromkeys(scores, 0.0)
        elif any(clash(head.scope.shares, span, other) for other in forced):
            scores = {None: 0.0}
        whole = math.log(sum(math.exp(s / temperature) for s in scores.values()))
        found[span] = {label: s / temperature - whole for label, s in scores.items()}
    return found


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("decode", ["flat", "nested", "all", "greedy"])
def test_decoding_is_the_best_set_that_keeps_the_rules(decode: str, kernel: str) -> None:
    draw, named, used = random.Random(5), 0, 0
    for temperature in (1.0, 1.6, 1.0):
        head, h = random_head(max_width=3, decode=decode), states(scale=3).detach()
        head.kernel, head.temperature = kernel, temperature
        shares = head.scope.shares
        rules = [random_rules(draw, length, shares) for length in LENGTHS]
        decoded = head.decode(h, OFFSETS, None, rules)
        likely = head.candidates(h, OFFSETS, 0.0, None, rules)
        likelihoods = head.best_log_probability(h, OFFSETS, None, rules)
        parts = zip(h.split(LENGTHS), rules, decoded, likely, likelihoods, strict=True)
        for row, of_sentence, found, every, share in parts:
            plain = distributions(head, row, of_sentence, 1.0)
            tempered = distributions(head, row, of_sentence, temperature)
            forced = {rule[:2]: rule.label for rule in of_sentence if rule.forces}
            gains = {}
            for span, scores in plain.items():
                label = max(LABELS, key=lambda label: scores.get(label, -math.inf))
                gain = scores.get(label, -math.inf) - scores.get(None, -math.inf)
                if span not in forced and gain > 0:
                    gains[span] = (gain, label)
            chosen = {(e.start, e.end): e.label for e in found}
            assert forced.items() <= chosen.items()
            own = [scores[chosen.get(span)] for span, scores in tempered.items()]
            assert share == pytest.approx(sum(own), abs=1e-9)
            free = {span: label for span, label in chosen.items() if span not in forced}
            assert all(gains[span][1] == label for span, label in free.items())
            if decode != "greedy":
                assert set(free) == best_set(gains, shares)
            assert not any(clash(shares, *pair) for pair in combinations(chosen, 2))
            expected = {Entity(*span, label): 0.0 for span in tempered for label in LABELS}
            expected |= {Entity(*span, label): 1.0 for span, label in forced.items()}
            for span, scores in tempered.items():
                for label in LABELS:
                    expected[Entity(*span, label)] = math.exp(scores.get(label, -math.inf))
            assert every == sorted(expected)
            for entity in (*every, *found):
                assert entity.score == pytest.approx(expected[entity], abs=1e-12)
                alone = head.log_probability(row, entity, None, of_sentence)
                assert alone.exp().item() == pytest.approx(expected[entity], abs=1e-12)
            named += len(free)
            used += len(of_sentence)
    assert named > 5 and used > 15


def best_set(gains: dict[Span, tuple[float, str]], shares: str) -> set[Span]:
    """Of all sets of spans that do not clash that with the greatest gain."""
    best: tuple[float, set[Span]] = (0.0, set())
    spans = sorted(gains)
    for kept in product((False, True), repeat=len(spans)):
        chosen = [span for span, keep in zip(spans, kept, strict=True) if keep]
        if not any(clash(shares, *pair) for pair in combinations(chosen, 2)):
            best = max(best, (sum(gains[s][0] for s in chosen), set(chosen)), key=lambda b: b[0])
    return best[1]


def test_a_forced_entity_may_be_wider_than_any_candidate() -> None:
    head, h = random_head(max_width=2), states().detach()
    rules: list[list[SpanRule]] = [[SpanRule(1, 5, "PER", math.inf)], [], [], [], []]
    found = head.decode(h, OFFSETS, None, rules)
    entity = Entity(1, 5, "PER")
    assert entity in found[0] and found[0][found[0].index(entity)].score == 1
    assert all(e.end <= 1 for e in found[0] if e != entity)
    assert found[1:] == head.decode(h, OFFSETS)[1:]
    assert entity in head.candidates(h, OFFSETS, 0.5, None, rules)[0]
    assert head.log_probability(h[:5], entity, None, rules[0]).item() == 0
    with pytest.raises(InputError, match="expected an entity of up to 2 tokens"):
        head.log_probability(h[:5], entity)


def test_forced_spans_nest_or_clash_as_the_decoder_has_it() -> None:
    rows = [
        Row(Entry(phrase, "PER", "d"), "d", line)
        for line, phrase in enumerate(("a b c", "b", "b c d", "b c"), 1)
    ]
    expected = {
        "flat": {(0, 3)},
        "greedy": {(0, 3)},
        "nested": {(0, 3), (1, 2), (1, 3)},
        "all": {(0, 3), (1, 2), (1, 3), (1, 4)},
    }
    h, offsets = torch.randn(5, 6, dtype=torch.float64), torch.tensor([0, 5])
    for decode, spans in expected.items():
        head = random_head(max_width=2, decode=decode)
        rules = Dictionary(rows).find("abcde", head.scope)
        assert {rule[:2] for rule in rules} == spans
        (found,) = head.decode(h, offsets, None, [rules])
        assert spans <= {(e.start, e.end) for e in found}


def test_no_edge_of_the_text_changes_what_is_forced() -> None:
    head, h = random_head(max_width=3), states()
    (gradient,) = torch.autograd.grad(
        head.log_probability(h[:5], Entity(0, 2, "PER"), None, [SpanRule(0, 2, "PER", math.inf)]), h
    )
    assert gradient.abs().max() == 0
