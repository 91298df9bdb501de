"""Names and ids, and what a model learns to name from its training sentences."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.vocabulary import UNKNOWN, Vocabularies, Vocabulary

NAMES = st.lists(st.text(max_size=3), max_size=12)


def test_frequent_names_come_first_and_ties_go_by_name() -> None:
    assert Vocabulary.collect("banana bd").names == ("a", "b", "n", " ", "d")


def test_rare_names_are_left_out() -> None:
    vocabulary = Vocabulary.collect("abcabca", minimum=3)
    assert vocabulary.names == ("a",)
    assert vocabulary.id_of("b") == 0


def test_unknown_names_have_id_zero() -> None:
    vocabulary = Vocabulary(("x", "y"))
    assert [vocabulary.id_of(name) for name in ("x", "y", "z", "")] == [1, 2, 0, 0]


def test_an_empty_vocabulary_knows_the_unknown() -> None:
    vocabulary = Vocabulary.collect([])
    assert len(vocabulary) == 1
    assert vocabulary.id_of("x") == 0
    assert vocabulary.all_names == (UNKNOWN,)


@given(NAMES, st.integers(1, 3))
def test_ids_and_names_are_inverse(names: list[str], minimum: int) -> None:
    vocabulary = Vocabulary.collect(names, minimum)
    kept = {name for name in names if names.count(name) >= minimum}
    assert set(vocabulary.names) == kept
    assert len(vocabulary) == len(vocabulary.all_names) == len(kept) + 1
    assert sorted(vocabulary.id_of(name) for name in kept) == list(range(1, len(kept) + 1))
    for name in kept:
        assert vocabulary.all_names[vocabulary.id_of(name)] == name


@given(NAMES)
def test_the_order_of_reading_does_not_matter(names: list[str]) -> None:
    assert Vocabulary.collect(names) == Vocabulary.collect(reversed(names))


@pytest.fixture
def vocabularies() -> Vocabularies:
    return Vocabularies.collect(
        [
            Sentence(["Ann", "saw"], [1, ROOT], ["nsubj", "root"], [Entity(0, 1, "PER")]),
            Sentence(["naß", "Oslo"], entities=[Entity(1, 2, "LOC"), Entity(0, 1, "PER")]),
            Sentence(["Bo", "sees"], [1, ROOT], ["obj", "root"]),
        ]
    )


def test_labels_are_sorted_and_relations_frequent_first(vocabularies: Vocabularies) -> None:
    assert vocabularies.labels == ("LOC", "PER")
    assert vocabularies.relations.names == ("root", "nsubj", "obj")


def test_a_character_seen_once_is_unknown(vocabularies: Vocabularies) -> None:
    """Or nothing would ever teach the model what an unknown character looks like."""
    assert vocabularies.characters.names == ("s", "n", "a", "e", "o")
    assert vocabularies.characters.id_of("ß") == 0


def test_json_loses_nothing(vocabularies: Vocabularies) -> None:
    text = json.dumps(vocabularies.to_json(), ensure_ascii=False)
    again = Vocabularies.from_json(json.loads(text))
    assert again == vocabularies
    assert again.characters.ids == vocabularies.characters.ids
    assert again.relations.ids == vocabularies.relations.ids


def test_sentences_without_trees_or_entities_teach_characters_only() -> None:
    vocabularies = Vocabularies.collect([Sentence(["aa"])])
    assert vocabularies.labels == vocabularies.relations.names == ()
    assert vocabularies.characters.names == ("a",)


def test_names_are_added_behind_those_that_are_known() -> None:
    grown = Vocabulary(("b", "a")).extended(Vocabulary(("c", "a", "0")))
    assert grown.names == ("b", "a", "c", "0")


def test_vocabularies_keep_their_ids_and_gain_names(vocabularies: Vocabularies) -> None:
    more = Vocabularies.collect(
        [Sentence(["Xxx", "saw"], [1, ROOT], ["new", "root"], [Entity(0, 1, "ART")])]
    )
    grown = vocabularies.extended(more)
    assert grown.labels == ("ART", "LOC", "PER")
    for name in vocabularies.relations.names:
        assert grown.relations.id_of(name) == vocabularies.relations.id_of(name)
    assert grown.relations.names[-1] == "new"
    assert grown.extended(vocabularies) == grown
