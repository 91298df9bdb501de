from itertools import combinations

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.trees import (
    is_projective,
    is_subtree,
    join_trees,
    shuffle_heads,
    shuffle_relations,
    tree_depth,
    tree_distance,
)
from synner_graph.errors import InputError
from tests.strategies import sentences, trees

TREES = st.integers(1, 9).flatmap(lambda size: trees(size) | trees(size, projective=True))


def below(heads: list[int], top: int) -> set[int]:
    """By networkx: the token and everything that hangs from it."""
    graph = networkx.DiGraph((head, token) for token, head in enumerate(heads))
    return {top} | networkx.descendants(graph, top)


@given(TREES)
def test_depth_is_the_longest_path(heads):
    graph = networkx.DiGraph((head, token) for token, head in enumerate(heads))
    assert tree_depth(heads) == networkx.dag_longest_path_length(graph)


@given(TREES)
def test_projective_is_that_no_two_edges_cross(heads):
    edges = [tuple(sorted(edge)) for edge in enumerate(heads)]
    crossing = any(
        a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1] for a, b in combinations(edges, 2)
    )
    assert is_projective(heads) is not crossing


@given(TREES, st.data(), st.booleans())
def test_tree_distance_is_the_longest_path_between_tokens_of_the_entity(heads, data, cut):
    start = data.draw(st.integers(0, len(heads) - 1))
    entity = Entity(start, data.draw(st.integers(start + 1, len(heads))), "X")
    if cut:  # several roots
        heads[start] = ROOT
    graph = networkx.Graph(enumerate(heads))
    lengths = dict(networkx.all_pairs_shortest_path_length(graph))
    tokens = range(entity.start, entity.end)
    assert tree_distance(heads, entity) == max(lengths[a][b] for a in tokens for b in tokens)


@given(TREES, st.data())
def test_a_subtree_is_all_below_one_token(heads, data):
    start = data.draw(st.integers(0, len(heads) - 1))
    entity = Entity(start, data.draw(st.integers(start + 1, len(heads))), "X")
    tokens = set(range(entity.start, entity.end))
    assert is_subtree(heads, entity) == any(below(heads, top) == tokens for top in tokens)


def test_a_root_under_an_edge_is_not_projective():
    assert not is_projective([2, ROOT, 1])
    assert is_projective([1, ROOT, 1])
    assert is_projective([ROOT, ROOT])


def test_join_trees_keeps_all_else():
    sentence = Sentence(["a", "b"], entities=[Entity(0, 1, "X")], id="1")
    tree = Sentence(["a", "b"], heads=[1, ROOT], relations=["x", "root"], entities=[])
    assert list(join_trees([sentence], [tree])) == [
        sentence.replace(heads=[1, ROOT], relations=["x", "root"])
    ]


@pytest.mark.parametrize(
    ("sentences", "parsed", "message"),
    [
        ("ab", "a", "expected as many trees as sentences, got more sentences than trees"),
        ("a", "ab", "expected as many trees as sentences, got more trees than sentences"),
        ("ab", "ac", "expected tree 2 to be that of 'b', got 'c'"),
        ("ab", "a-", "expected tree 2 to have heads, got none"),
    ],
)
def test_trees_must_fit(sentences, parsed, message):
    given_trees = [
        Sentence([token], **({} if token == "-" else {"heads": [ROOT], "relations": ["root"]}))
        for token in parsed
    ]
    with pytest.raises(InputError, match=message):
        list(join_trees([Sentence([token]) for token in sentences], given_trees))


@given(sentences(parsed=True))
def test_shuffled_heads_are_the_same_tree_with_other_tokens_in_its_places(sentence):
    spoilt = shuffle_heads(sentence)
    assert spoilt == shuffle_heads(sentence)
    assert spoilt.replace(heads=sentence.heads) == sentence
    shapes = [networkx.DiGraph((h, t) for t, h in enumerate(s.heads)) for s in (sentence, spoilt)]
    assert networkx.is_isomorphic(*shapes)


@given(sentences(parsed=True))
def test_shuffled_relations_are_the_same_relations_on_other_edges(sentence):
    spoilt = shuffle_relations(sentence)
    assert spoilt == shuffle_relations(sentence)
    assert spoilt.replace(relations=sentence.relations) == sentence
    assert sorted(spoilt.relations) == sorted(sentence.relations)
    for root in sentence.roots:
        assert spoilt.relations[root] == sentence.relations[root]


def test_shuffling_changes_long_sentences_and_leaves_unparsed_ones_alone():
    tokens = [f"t{i}" for i in range(30)]
    chain = Sentence(tokens, heads=range(-1, 29), relations=["root", *(f"r{i}" for i in range(29))])
    assert shuffle_heads(chain).heads != chain.heads
    assert shuffle_relations(chain).relations != chain.relations
    assert shuffle_heads(Sentence(["a"])) == shuffle_relations(Sentence(["a"])) == Sentence(["a"])
