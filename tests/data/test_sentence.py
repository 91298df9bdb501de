import numpy as np
import pytest
from hypothesis import given

from synner_graph.data.sentence import ROOT, Arc, ConlluExtra, Entity, Sentence, SentenceError
from synner_graph.errors import InputError
from tests.strategies import sentences


def tree(*heads: int) -> Sentence:
    """Tokens a, b, c ... under 0-based heads."""
    return Sentence(list("abcdefgh")[: len(heads)], heads, ["dep"] * len(heads))


def test_parts_become_tuples_in_order():
    sentence = Sentence(
        ["a", "b"],
        heads=np.array([1, -1]),
        relations=["x", "root"],
        entities=[Entity(1, 2, "LOC"), Entity(0, 1, "PER", score=0.5)],
        text="a b",
        offsets=[[0, 1], [2, 3]],
    )
    assert sentence.tokens == ("a", "b")
    assert sentence.heads == (1, ROOT)
    assert type(sentence.heads[0]) is int
    assert sentence.entities == (Entity(0, 1, "PER"), Entity(1, 2, "LOC"))
    assert sentence.entities[0].score == 0.5
    assert sentence.offsets == ((0, 1), (2, 3))
    assert len({sentence, sentence.replace()}) == 1


@pytest.mark.parametrize("name", ["tokens", "heads", "entities", "document"])
def test_a_sentence_cannot_be_changed(name: str):
    with pytest.raises(AttributeError):
        setattr(tree(1, ROOT), name, ())


def test_arcs_and_roots():
    sentence = tree(1, ROOT, 1)
    assert sentence.arcs == (Arc(1, 0, "dep"), Arc(ROOT, 1, "dep"), Arc(1, 2, "dep"))
    assert sentence.roots == (1,)
    assert Sentence(["a"]).roots == ()
    with pytest.raises(InputError, match=r"expected a parsed sentence.*: my-id"):
        _ = Sentence(["a"], id="my-id").arcs


@pytest.mark.parametrize(
    ("parts", "message", "position"),
    [
        ({"tokens": []}, "expected at least one token, got none", None),
        ({"tokens": "abc"}, "expected a sequence of tokens, got the string 'abc'", None),
        ({"tokens": ["a", ""]}, "expected no empty tokens, got one at 2", 1),
        ({"heads": [ROOT, 0, 0]}, "expected heads and relations together, got heads alone", None),
        ({"relations": list("xyz")}, "expected .* together, got relations alone", None),
        ({"upos": ["X"] * 4}, "expected 3 upos, got 4", None),
        ({"extra": ConlluExtra(lemmas=("a",))}, "expected 3 lemmas, got 1", None),
        ({"offsets": [(0, 1)] * 3}, "expected the text that the offsets point into", None),
        (
            {"text": "abc", "offsets": [(0, 1), (1, 2), (2, 4)]},
            "token 3 'c'.* <= 3, got 2 and 4",
            2,
        ),
        ({"text": "abc", "offsets": [(0, 1), (1, 1), (2, 3)]}, "token 2 'b'.*got 1 and 1", 1),
        ({"entities": [Entity(1, 4, "PER")]}, "PER is at tokens 2-4, .* has 3 tokens", 1),
        ({"entities": [Entity(7, 9, "PER")]}, "PER is at tokens 8-9, .* has 3 tokens", 2),
        (
            {"entities": [Entity(1, 3, "PER"), Entity(1, 3, "PER", score=1.0)]},
            r"PER 'b c' \(tokens 2-3\) is given twice",
            1,
        ),
        ({"candidates": [Entity(1, 4, "PER", 0.5)]}, "PER is at tokens 2-4, .* has 3 tokens", 1),
        (
            {"candidates": [Entity(0, 1, "PER", 0.5), Entity(1, 3, "PER")]},
            r"expected a probability of the candidate PER 'b c' \(tokens 2-3\), got None",
            1,
        ),
    ],
)
def test_parts_that_do_not_fit(parts, message, position):
    with pytest.raises(SentenceError, match=message) as caught:
        Sentence(**{"tokens": ["a", "b", "c"], **parts})
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("heads", "message", "position"),
    [
        ([ROOT, 0, 98, 0, 0], "token 3 'c' has head 99, but the sentence has 5 tokens", 2),
        ([ROOT, 2], "token 2 'b' has head 3, but the sentence has 2 tokens", 1),
        ([ROOT, -2], "token 2 'b' has head -1, but the sentence has 2 tokens", 1),
        ([ROOT, 1], "token 2 'b' is its own head", 1),
        ([1, 2, 0], r"expected a root \(head 0\), got none", 0),
        (
            [ROOT, 3, 1, 2, 0],
            "cycle of heads: token 2 'b' -> token 4 'd' -> token 3 'c' -> token 2 'b'$",
            1,
        ),
        (
            [2, 0, 1, ROOT],
            "cycle of heads: token 1 'a' -> token 3 'c' -> token 2 'b' -> token 1",
            0,
        ),
    ],
)
def test_broken_trees(heads, message, position):
    with pytest.raises(SentenceError, match=message) as caught:
        tree(*heads)
    assert caught.value.position == position


def test_a_path_into_a_cycle_is_not_part_of_it():
    with pytest.raises(SentenceError, match="got a cycle of heads: token 2 'b' -> token 3 'c'"):
        tree(1, 2, 1, ROOT)


def test_a_long_chain_takes_no_recursion_and_no_time():
    length = 20_000
    chain = range(ROOT, length - 1)
    assert Sentence(["x"] * length, chain, ["dep"] * length).roots == (0,)
    backwards = [*range(1, length), ROOT]
    assert Sentence(["x"] * length, backwards, ["dep"] * length).roots == (length - 1,)


def test_check_names_the_roots():
    sentence = tree(ROOT, 0, ROOT)
    assert sentence.check(single_root=False) is sentence
    with pytest.raises(SentenceError, match="expected one root, got 2: token 1 'a', token 3 'c'"):
        sentence.check()


def test_check_names_the_entities_that_overlap():
    nested = Sentence(list("abcd"), entities=[Entity(0, 4, "ORG"), Entity(1, 2, "LOC")])
    assert nested.check(flat=False) is nested
    message = r"share no token, got ORG 'a b c d' \(tokens 1-4\) and LOC 'b' \(tokens 2-2\)"
    with pytest.raises(SentenceError, match=message):
        nested.check()


@pytest.mark.parametrize(("start", "end", "label"), [(-1, 2, "X"), (2, 2, "X"), (0, 1, "")])
def test_an_entity_is_a_labelled_span(start, end, label):
    with pytest.raises(SentenceError, match="expected"):
        Entity(start, end, label)


@given(sentences())
def test_random_sentences_are_valid_and_replace_checks_anew(sentence):
    assert sentence.check() == sentence.replace()
    with pytest.raises(SentenceError, match=f"expected {len(sentence) + 1} "):
        sentence.replace(tokens=(*sentence.tokens, "x"), xpos=None, upos=("X",))


@given(sentences(parsed=True, projective=True))
def test_projective_trees_have_no_crossing_edges(sentence):
    edges = [sorted(arc[:2]) for arc in sentence.arcs]
    for a, b in edges:
        assert not any(a < c < b < d for c, d in edges if c != ROOT)
