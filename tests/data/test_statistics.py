import gc
import statistics
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.statistics import Distribution, Statistics

SENTENCES = [
    Sentence(
        ["Bank", "of", "China", "rose"],
        heads=[3, 2, 0, ROOT],
        relations=["nsubj", "case", "nmod", "root"],
        entities=[Entity(0, 3, "ORG"), Entity(2, 3, "LOC")],
    ),
    Sentence(["a", "b", "c"], heads=[2, ROOT, 1], relations=["x", "root", "x"]),
    Sentence(["Rome", "fell"], entities=[Entity(0, 1, "LOC")]),
]


def test_counts():
    assert Statistics.of(iter(SENTENCES)).to_json() == {
        "sentences": 3,
        "documents": 3,
        "tokens": 9,
        "sentence_length": {"mean": 3.0, "median": 3, "max": 4},
        "entities": 3,
        "entities_by_type": {"LOC": 2, "ORG": 1},
        "entity_length": {"mean": 1.6667, "median": 1, "max": 3},
        "overlapping_entities": 2,
        "parsed_sentences": 2,
        "tree_depth": {"mean": 3.5, "median": 3, "max": 4},
        "nonprojective_sentences": 1,
        "nonprojective_share": 0.5,
        "entities_not_subtrees": 1,
        "entities_not_subtrees_share": 0.5,
        "entities_not_subtrees_by_type": {"LOC": 1},
        "relations": {"root": 2, "x": 2, "nsubj": 1, "case": 1, "nmod": 1},
    }


def test_no_sentence_is_held():
    def rows() -> Iterator[Sentence]:
        for number in range(200):
            yield Sentence([f"held{number}"])
        found = (o for o in gc.get_objects() if type(o) is Sentence)
        alive.append(sum(s.tokens[0].startswith("held") for s in found))

    alive: list[int] = []
    assert Statistics.of(rows()).to_json()["sentences"] == 200
    assert alive[0] <= 2


def test_nothing():
    empty = Statistics.of([]).to_json()
    assert empty["sentences"] == empty["nonprojective_share"] == 0
    assert empty["tree_depth"] == {"mean": 0, "median": 0, "max": 0}


@given(st.lists(st.integers(0, 9), min_size=1))
def test_distribution(numbers):
    distribution = Distribution()
    for number in numbers:
        distribution.add(number)
    assert abs(distribution.mean - statistics.mean(numbers)) < 1e-9
    assert distribution.median == statistics.median_low(numbers)
    assert distribution.maximum == max(numbers)
