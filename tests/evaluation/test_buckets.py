"""Buckets: each entity in one of each family, and in the right one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.evaluation.buckets import FAMILIES, bucket_counts, forms_of
from synner_graph.evaluation.scores import score_entities
from tests.strategies import nested_entities, trees

TREE_FAMILIES = {name for name, family in FAMILIES.items() if family.needs == "trees"}


def sentence(text: str, *entities: Entity, **parts) -> Sentence:
    return Sentence(text.split(), entities=entities, **parts)


def bucket_of(family: str, gold: Sentence, entity: Entity, **given) -> str:
    """The one bucket of the family that counts a predicted entity."""
    counts = bucket_counts([gold], [[entity]], **given)[family]
    (name,) = [name for name, table in counts.items() if table[0, 1]]
    return name


@st.composite
def annotated(draw: st.DrawFn) -> tuple[list[Sentence], list[list[Entity]]]:
    gold, predicted = [], []
    for length in draw(st.lists(st.integers(1, 8), min_size=1, max_size=4)):
        tokens = draw(st.lists(st.sampled_from("ab"), min_size=length, max_size=length))
        wanted, found = (draw(nested_entities(length)) for _ in range(2))
        heads, document = draw(trees(length)), draw(st.sampled_from([None, "x"]))
        gold.append(Sentence(tokens, heads, ["dep"] * length, set(wanted), document=document))
        predicted.append(found)
    return gold, predicted


@given(annotated(), st.booleans())
def test_the_buckets_of_every_family_add_up(pair, trained):
    gold, predicted = pair
    report = score_entities([s.entities for s in gold], predicted, "dev")
    found = bucket_counts(gold, predicted, forms_of(gold[:1]) if trained else None)
    assert set(found) == set(FAMILIES) - (set() if trained else {"form in training"})
    for family, buckets in found.items():
        assert tuple(buckets) == FAMILIES[family].buckets
        assert np.array_equal(sum(buckets.values()), report.by_sentence)


def test_forms_of_the_training_split():
    train = [sentence("Rome calls", Entity(0, 1, "LOC")), sentence("Rome", Entity(0, 1, "ORG"))]
    forms = forms_of(train)
    assert forms == {("Rome",): {"LOC", "ORG"}}
    gold = sentence("Rome and rome")
    family = "form in training"
    assert bucket_of(family, gold, Entity(0, 1, "LOC"), forms=forms) == "seen with this type"
    assert bucket_of(family, gold, Entity(0, 1, "PER"), forms=forms) == "seen, other type"
    assert bucket_of(family, gold, Entity(2, 3, "LOC"), forms=forms) == "unseen"
    assert family not in bucket_counts([gold], [[]])


@pytest.mark.parametrize(
    ("length", "name"), [(1, "1"), (3, "3"), (5, "4 to 5"), (6, "6+"), (9, "6+")]
)
def test_entity_length(length, name):
    assert bucket_of("entity length", Sentence(["a"] * 9), Entity(0, length, "X")) == name


@pytest.mark.parametrize(
    ("length", "name"), [(9, "1 to 9"), (10, "10 to 19"), (49, "30 to 49"), (50, "50+")]
)
def test_sentence_length(length, name):
    assert bucket_of("sentence length", Sentence(["a"] * length), Entity(0, 1, "X")) == name


@pytest.mark.parametrize(
    ("entities", "name"),
    [(0, "none"), (1, "below 1"), (2, "1 to 2"), (3, "1 to 2"), (4, "2 and more")],
)
def test_density_counts_gold_entities(entities, name):
    gold = Sentence(["a"] * 20, entities=[Entity(i, i + 1, "X") for i in range(entities)])
    assert bucket_of("entities per 10 tokens", gold, Entity(9, 10, "Y")) == name


def test_times_in_the_document_count_forms_entity_or_not():
    gold = [
        sentence("Ann Lee", Entity(0, 2, "PER"), document="x"),
        sentence("Ann Lee met Ann", document="x"),
        sentence("Ann Lee", document="y"),
    ]
    found = [[Entity(0, 2, "PER")], [Entity(3, 4, "PER")], [Entity(0, 2, "PER")]]
    counts = bucket_counts(gold, found)["times in the document"]
    assert counts["1"].tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert counts["2"].tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert counts["3 to 5"].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_place_in_the_tree():
    # 0 <- 1 -> 2 -> 3, and 4 under 0
    heads = [1, ROOT, 1, 2, 0]
    gold = Sentence(list("abcde"), heads, ["dep"] * 5)
    assert bucket_of("tree distance", gold, Entity(1, 2, "X")) == "0"
    assert bucket_of("tree distance", gold, Entity(0, 2, "X")) == "1"
    assert bucket_of("tree distance", gold, Entity(2, 5, "X")) == "4+"
    assert bucket_of("in the tree", gold, Entity(2, 4, "X")) == "a whole subtree"
    assert bucket_of("in the tree", gold, Entity(1, 2, "X")) == "no whole subtree"


def test_without_a_tree_in_every_sentence_there_are_no_families_of_trees():
    parsed = Sentence(["a"], [ROOT], ["root"])
    assert bucket_counts([parsed], [[]]).keys() >= TREE_FAMILIES
    assert not TREE_FAMILIES & bucket_counts([parsed, Sentence(["a"])], [[], []]).keys()


def test_as_many_predictions_as_sentences_are_needed():
    with pytest.raises(ValueError, match="expected 1 sentences with predictions, got 2"):
        bucket_counts([Sentence(["a"])], [[], []])
    assert bucket_counts([], [])["entity length"]["1"].shape == (0, 3)
