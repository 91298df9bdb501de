"""How the parts of a corpus are joined."""

import pytest

from synner_graph.data.corpora.reading import join_entities, keep_labels
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.errors import InputError


def tree(identifier: str, *tokens: str) -> Sentence:
    heads = range(ROOT, len(tokens) - 1)
    return Sentence(tokens, heads, ["dep"] * len(tokens), id=identifier)


def test_join_pairs_by_id_whatever_the_order():
    trees = [tree("1", "a"), tree("2", "b")]
    annotated = [Sentence(["b"], id="2", entities=[Entity(0, 1, "X")]), Sentence(["a"], id="1")]
    assert join_entities(trees, annotated) == (
        trees[0],
        trees[1].replace(entities=[Entity(0, 1, "X")]),
    )


@pytest.mark.parametrize(
    ("annotated", "message"),
    [
        ([Sentence(["b"], id="1")], "expected sent_id 1 to read 'a', got 'b'"),
        ([Sentence(["a"], id="2")], "expected entities for sent_id 1, got none"),
        ([Sentence(["a"], id="1"), Sentence(["a"], id="2")], "expected a tree for sent_id 2, got"),
        ([Sentence(["a"], id="1"), Sentence(["a"], id="1")], "sent_id once, got 1 twice"),
    ],
)
def test_join_refuses_what_does_not_pair(annotated, message):
    with pytest.raises(InputError, match=message):
        join_entities([tree("1", "a")], annotated)


def test_keep_labels_counts_tokens():
    sentence = Sentence(
        list("abcd"), entities=[Entity(0, 2, "X"), Entity(2, 3, "Y"), Entity(3, 4, "X")]
    )
    kept, dropped = keep_labels([sentence], ["Y"])
    assert kept == [sentence.replace(entities=[Entity(2, 3, "Y")])]
    assert dropped == {"X": 3}
