"""Decoding against the enumeration of all sets of spans."""

import random
from itertools import combinations, pairwise

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.combination.decode import candidates, decode
from synner_graph.evaluation.combination.pool import Support


def random_pool(draw: random.Random, whole: bool) -> dict[tuple[int, int], Support]:
    """Up to seven spans; whole numbers make ties."""
    pool = {}
    for _ in range(draw.randint(1, 7)):
        start = draw.randint(0, 5)
        amounts = [draw.randint(0, 3) if whole else draw.random() for _ in range(3)]
        span = start, start + draw.randint(1, 3)
        pool[span] = Support({"PER": amounts[0], "LOC": amounts[1]}, amounts[2])
    return pool


def best_sets(pool: dict[tuple[int, int], Support], null: float) -> list[list[tuple[int, int]]]:
    """All sets of spans that gain the most, by enumeration: fewest spans, then leftmost, first."""

    def gain(span: tuple[int, int]) -> float:
        return max(pool[span].labels.values()) - null * pool[span].null

    found = []
    for size in range(len(pool) + 1):
        for chosen in combinations(sorted(pool), size):
            if all(a[1] <= b[0] for a, b in pairwise(chosen)):
                found.append((round(sum(map(gain, chosen)), 9), -size, list(chosen)))
    most = max((total, size) for total, size, _ in found)
    return sorted(chosen for total, size, chosen in found if (total, size) == most)


def test_finds_the_set_that_gains_the_most_and_of_equal_ones_the_leftmost() -> None:
    draw, chosen, tied = random.Random(0), 0, 0
    for number in range(300):
        pool, null = random_pool(draw, number % 2 == 0), draw.choice([0.5, 1.0, 1.5])
        sets = best_sets(pool, null)
        (entities,) = decode([pool], null)
        assert [(e.start, e.end) for e in entities] == sets[0]
        for entity in entities:
            support = pool[entity.start, entity.end]
            assert support.labels[entity.label] == max(support.labels.values())
            assert entity.score == support.share(entity.label)
        chosen += len(entities)
        tied += len(sets) > 1
    assert chosen > 300 and tied > 10


def test_a_tie_with_no_entity_is_none_and_a_tie_of_labels_the_first_in_the_alphabet() -> None:
    assert decode([{(0, 1): Support({"PER": 1.0}, 1.0)}]) == [()]
    (found,) = decode([{(0, 1): Support({"PER": 1.0, "LOC": 1.0}, 0.5)}])
    assert found == (Entity(0, 1, "LOC"),) and found[0].score == 0.4


def test_candidates_are_all_with_that_share() -> None:
    pool = {(2, 3): Support({"PER": 3.0, "LOC": 1.0}, 0.0), (0, 3): Support({"PER": 1.0}, 3.0)}
    (found,) = candidates([pool], 0.25)
    assert [(e, e.score) for e in found] == [
        (Entity(0, 3, "PER"), 0.25),
        (Entity(2, 3, "LOC"), 0.25),
        (Entity(2, 3, "PER"), 0.75),
    ]
    assert candidates([pool], 0.5) == [(Entity(2, 3, "PER"),)]
