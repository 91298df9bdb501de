"""Outermost and inner entities, scored apart."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import Entity
from synner_graph.evaluation.nested import nested_scores
from synner_graph.evaluation.scores import Score
from tests.strategies import flat_entities, nested_entities


def within(one: Entity, other: Entity) -> bool:
    return (
        other.start <= one.start
        and one.end <= other.end
        and other.end - other.start > (one.end - one.start)
    )


@given(st.data(), st.integers(1, 8))
def test_against_every_pair(data, length):
    gold, found = (set(data.draw(nested_entities(length))) for _ in range(2))
    inner = [{e for e in side if any(within(e, other) for other in side)} for side in (gold, found)]
    scores = nested_scores([list(gold)], [list(found)])
    if not any(inner):
        assert scores == {}
        return
    outermost = [gold - inner[0], found - inner[1]]
    for name, (wanted, predicted) in {"inner": inner, "outermost": outermost}.items():
        assert scores[name].overall == Score(len(wanted), len(predicted), len(wanted & predicted))


def test_an_inner_entity_found_alone_is_outermost():
    gold = [[Entity(0, 3, "ORG"), Entity(2, 3, "LOC")]]
    scores = nested_scores(gold, [[Entity(2, 3, "LOC")]])
    overall = {name: report.overall for name, report in scores.items()}
    assert overall == {"outermost": Score(1, 1, 0), "inner": Score(1, 0, 0)}


@given(flat_entities(6))
def test_flat_entities_have_no_nested_scores(entities):
    assert all(a.end <= b.start for a, b in pairwise(entities))
    assert nested_scores([entities], [entities]) == {}
