"""What stands behind spans, counted by hand."""

import pytest

from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.evaluation.combination.pool import (
    Said,
    Support,
    Weight,
    judged,
    probabilities,
    votes,
)

PER, LOC, WIDE = Entity(0, 1, "PER"), Entity(0, 1, "LOC"), Entity(0, 3, "PER")
SYSTEMS = [
    Said("a", [[PER], []]),
    Said("b", [[LOC], []]),
    Said("c", [[WIDE], []]),
    Said("d", [[PER], []]),
]


def supports(pool: list[dict[tuple[int, int], Support]]) -> list[dict[tuple[int, int], tuple]]:
    return [{span: (s.labels, s.null) for span, s in spans.items()} for spans in pool]


def test_a_vote_is_for_a_label_or_for_no_entity() -> None:
    pool = votes(SYSTEMS, [Weight()] * 4)
    assert supports(pool) == [
        {(0, 1): ({"PER": 2.0, "LOC": 1.0}, 1.0), (0, 3): ({"PER": 1.0}, 3.0)},
        {},
    ]
    assert pool[0][0, 1].best == "PER"
    assert pool[0][0, 1].share("PER") == 0.5
    assert pool[0][0, 3].share("PER") == 0.25


def test_votes_have_weights_and_labels_their_own() -> None:
    weights = [Weight(0.5, {"PER": 0.75}), Weight(2.0), Weight(0.25, {"PER": 8.0}), Weight(1.0)]
    assert supports(votes(SYSTEMS, weights))[0] == {
        (0, 1): ({"PER": 1.75, "LOC": 2.0}, 0.25),
        (0, 3): ({"PER": 8.0}, 3.5),
    }


def test_of_labels_with_equally_much_the_first_in_the_alphabet_is_the_best() -> None:
    for order in (("PER", "LOC"), ("LOC", "PER")):
        support = Support({label: 1.0 for label in order})
        assert support.best == "LOC"
    assert Support({"PER": 0.0}).share("PER") == 0


def test_probabilities_are_averaged_and_what_is_not_listed_has_none() -> None:
    one = [Entity(0, 1, "PER", 0.5), Entity(0, 1, "LOC", 0.25), Entity(1, 3, "PER", 0.75)]
    two = [Entity(0, 1, "PER", 0.75)]
    pool = probabilities([Said("a", [[]], [one]), Said("b", [[]], [two])], [Weight(), Weight()])
    assert supports(pool) == [
        {(0, 1): ({"PER": 0.625, "LOC": 0.125}, 0.25), (1, 3): ({"PER": 0.375}, 0.625)}
    ]
    assert pool[0][0, 1].share("PER") == 0.625
    weighted = probabilities(
        [Said("a", [[]], [one]), Said("b", [[]], [two])], [Weight(3), Weight()]
    )
    assert supports(weighted)[0][1, 3] == ({"PER": 0.5625}, 0.4375)


def test_the_judge_says_how_much_a_vote_is_worth() -> None:
    judge = Said("judge", [[], []], [[Entity(0, 1, "PER", 0.5), Entity(0, 1, "LOC", 0.25)], []])
    pool = judged(SYSTEMS, [Weight()] * 4, judge)
    assert supports(pool) == [
        {
            (0, 1): ({"PER": 2 * 0.5, "LOC": 0.25}, 1 * 0.25),
            (0, 3): ({"PER": 0.0}, 3 * 1.0),
        },
        {},
    ]


def test_spans_that_the_judge_cannot_read_are_put_to_the_vote() -> None:
    judge = Said("judge", [[], []], [[Entity(0, 1, "PER", 0.5)], []])
    pool = judged(SYSTEMS, [Weight()] * 4, judge, width=2)
    assert supports(pool)[0] == {
        (0, 1): ({"PER": 1.0, "LOC": 0.0}, 0.5),
        (0, 3): ({"PER": 0.5}, 1.5),
    }


def test_a_label_that_the_judge_does_not_know_is_refused() -> None:
    judge = Said("judge", [[], []], [[], []])
    message = "b has entities LOC, which the span model judge does not know: it knows ORG, PER."
    with pytest.raises(InputError, match=message):
        judged(SYSTEMS, [Weight()] * 4, judge, ("ORG", "PER"))


def test_a_system_without_probabilities_has_no_mean() -> None:
    with pytest.raises(InputError, match="a does not say how probable its spans are: name a run"):
        probabilities(SYSTEMS, [Weight()] * 4)
    with pytest.raises(InputError, match="a does not say how probable its spans are"):
        judged(SYSTEMS, [Weight()] * 4, SYSTEMS[0])
