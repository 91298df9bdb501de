"""Every method on systems whose mistakes are known."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.evaluation.combination import METHODS, Combiner, Dev, Judge
from synner_graph.evaluation.combination.combiner import NULLS
from synner_graph.evaluation.combination.decode import decode
from synner_graph.evaluation.combination.pool import LEAST, Said, Weight
from synner_graph.evaluation.scores import score_entities
from tests.fixtures import random_entities

LENGTH = 12


def gold_of(draw: random.Random, sentences: int) -> list[list[Entity]]:
    return [random_entities(draw, LENGTH) for _ in range(sentences)]


def noisy(draw: random.Random, name: str, gold: Sequence[Sequence[Entity]], noise: float) -> Said:
    """A system that misses, mislabels and shortens that share of the entities, each.

    Its candidates are what it finds, with a probability that falls with the noise, and traces of
    what it does not.
    """
    entities, candidates = [], []
    for row in gold:
        found, likely = [], {}
        for entity in row:
            likely[entity] = draw.uniform(0.05, 0.45)
            if draw.random() < noise:
                continue
            if draw.random() < noise:
                entity = replace(entity, label="LOC" if entity.label == "PER" else "PER")
            if draw.random() < noise and entity.end - entity.start > 1:
                entity = replace(entity, end=entity.end - 1)
            found.append(entity)
            likely[entity] = draw.uniform(0.5, 0.55) + (0.4 - noise)
        entities.append(sorted(found))
        candidates.append(sorted(replace(e, score=p) for e, p in likely.items()))
    return Said(name, entities, candidates)


def f1(gold: Sequence[Sequence[Entity]], found: Sequence[Sequence[Entity]]) -> float:
    return score_entities(gold, found, "test").overall.f1


@pytest.fixture(scope="module")
def splits() -> tuple[Dev, Dev]:
    """Dev and test of the same six systems, one of them much better than the others."""
    draw = random.Random(1)
    made = []
    for _ in range(2):
        gold = gold_of(draw, 200)
        noises = [0.1, 0.3, 0.3, 0.3, 0.35, 0.35]
        systems = [noisy(draw, f"s{i}", gold, noise) for i, noise in enumerate(noises)]
        judge = noisy(draw, "judge", gold, 0.2)
        made.append(Dev(systems, gold, Judge(judge, ("LOC", "PER"), LENGTH)))
    return made[0], made[1]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_better_than_the_typical_system(
    method: str, splits: tuple[Dev, Dev]
) -> None:
    dev, test = splits
    combiner = Combiner.learn(method, 6, dev)
    found = combiner.combine(test.systems, test.judge)
    singles = sorted(f1(test.gold, system.entities) for system in test.systems)
    assert f1(test.gold, found) > singles[3] + 3
    for row in found:
        assert list(row) == sorted(row)
        assert all(left.end <= right.start for left, right in pairwise(row))
        assert all(e.score is not None and 0 < e.score <= 1 for e in row)


def test_weights_are_f1_on_dev(splits: tuple[Dev, Dev]) -> None:
    dev, test = splits
    reports = [score_entities(dev.gold, system.entities, "dev") for system in dev.systems]
    overall = Combiner.learn("weighted", 6, dev)
    assert [w.of("PER") for w in overall.weights] == [r.overall.f1 / 100 for r in reports]
    by_type = Combiner.learn("weighted-by-type", 6, dev)
    for weight, report in zip(by_type.weights, reports, strict=True):
        assert weight.overall == weight.of("ORG") == report.overall.f1 / 100
        assert weight.of("PER") == report.per_type["PER"].f1 / 100
        assert weight.of("LOC") == report.per_type["LOC"].f1 / 100
    assert Combiner.learn("majority", 6, dev).weights == (Weight(),) * 6
    best, *others = (weight.overall for weight in overall.weights)
    assert best > max(others)
    assert overall.combine(test.systems) != Combiner.learn("majority", 6).combine(test.systems)


def test_mean_chooses_on_dev_what_no_entity_weighs(splits: tuple[Dev, Dev]) -> None:
    dev, _ = splits
    assert Combiner.learn("mean", 6).null == 1
    learned = Combiner.learn("mean", 6, dev)
    pool = learned.pool(dev.systems)
    scores = {null: f1(dev.gold, decode(pool, null)) for null in NULLS}
    assert scores[learned.null] == max(scores.values()) > scores[1.0]


def test_a_system_as_good_as_gold_is_followed_by_weights_alone(splits: tuple[Dev, Dev]) -> None:
    """Two that agree outvote it in a majority, not where their F1 is low."""
    gold = [[Entity(0, 2, "PER")]] * 4
    good = Said("good", gold)
    bad = [Said(name, [[Entity(0, 2, "LOC")]] * 4) for name in ("b", "c")]
    dev = Dev([good, *bad], gold)
    assert Combiner.learn("majority", 3, dev).combine(dev.systems)[0] == (Entity(0, 2, "LOC"),)
    for method in ("weighted", "weighted-by-type"):
        assert Combiner.learn(method, 3, dev).combine(dev.systems)[0] == (Entity(0, 2, "PER"),)


def test_calibrated_scores_are_nearer_to_what_they_promise(splits: tuple[Dev, Dev]) -> None:
    dev, test = splits
    for method in METHODS:
        plain = Combiner.learn(method, 6, dev)
        calibrated = Combiner.learn(method, 6, dev, calibrate=True)
        assert calibrated.calibration is not None
        reliability = calibrated.calibration.splits["dev"]
        assert reliability.after <= reliability.before
        before = plain.combine(test.systems, test.judge)
        after = calibrated.combine(test.systems, test.judge)
        assert after == before  # scores apart
        assert temperature_is_applied(calibrated, test, after)


def temperature_is_applied(combiner: Combiner, test: Dev, found: list[tuple]) -> bool:
    """Whether scores are what stands behind the labels, raised and divided by the sum."""
    pool = combiner.pool(test.systems, test.judge)
    for spans, row in zip(pool, found, strict=True):
        for entity in row:
            support = spans[entity.start, entity.end]
            others = [v for name, v in support.labels.items() if name != entity.label]
            parts = np.array([support.labels[entity.label], support.null, *others])
            raised = np.maximum(parts / parts.sum(), LEAST) ** (1 / combiner.temperature)
            assert entity.score == pytest.approx(raised[0] / raised.sum(), rel=1e-9)
    return True


def test_candidates_hold_what_is_found_with_the_same_scores(splits: tuple[Dev, Dev]) -> None:
    dev, test = splits
    for method in METHODS:
        combiner = Combiner.learn(method, 6, dev, calibrate=True)
        found = combiner.combine(test.systems, test.judge)
        candidates = combiner.candidates(test.systems, 0.05, test.judge)
        for row, likely in zip(found, candidates, strict=True):
            scores = {e: e.score for e in likely}
            assert all(score >= 0.05 for score in scores.values())
            sums: Counter[tuple[int, int]] = Counter()
            for candidate in likely:
                sums[candidate.start, candidate.end] += candidate.score
            assert all(total <= 1 + 1e-9 for total in sums.values())
            assert all(scores[e] == e.score for e in row if e.score >= 0.05)
        assert sum(map(len, candidates)) > sum(map(len, found))


def test_what_is_learned_survives_a_file(splits: tuple[Dev, Dev]) -> None:
    for method in METHODS:
        combiner = Combiner.learn(method, 6, splits[0], calibrate=True)
        values = json.loads(json.dumps(combiner.to_json()))
        assert Combiner.from_json(values) == combiner
    with pytest.raises(ValueError, match="unknown method 'best'"):
        Combiner.from_json(values | {"method": "best"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("major", 3), r"expected a method, got 'major'\. Did you mean 'majority'\?"),
        (("majority", 1), "expected two systems or more to combine, got 1"),
        (("weighted", 2), "The method weighted weighs systems by their F1: .* --dev and --gold"),
        (("weighted-by-type", 2), "The method weighted-by-type weighs systems by their F1"),
        (("majority", 2, None, True), "Scores are calibrated on sentences with gold entities"),
        (("majority", 2, Dev([Said("a", [[]])], [[]])), "expected 2 systems on dev, .* got 1"),
    ],
)
def test_what_cannot_be_learned_is_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Combiner.learn(*arguments)


def test_the_method_span_needs_a_judge() -> None:
    with pytest.raises(InputError, match="needs a model that judges spans: name it, --span RUN"):
        Combiner.learn("span", 2).combine([Said("a", [[]]), Said("b", [[]])])


def test_where_nothing_is_found_there_is_nothing_to_calibrate_on() -> None:
    dev = Dev([Said("a", [[]]), Said("b", [[]])], [[Entity(0, 1, "PER")]])
    with pytest.raises(InputError, match="finds no entity in dev: nothing to calibrate on"):
        Combiner.learn("majority", 2, dev, calibrate=True)
