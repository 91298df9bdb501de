from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB1, IOB2, IOBES, Tokens

from synner_graph.data.schemes import (
    SCHEMES,
    SchemeError,
    entities_to_tags,
    tag_set,
    tags_to_entities,
    valid_transitions,
)
from synner_graph.data.sentence import Entity, SentenceError
from synner_graph.errors import InputError
from tests.strategies import flat_entities

SEQEVAL = {"iob1": IOB1, "bio": IOB2, "bioes": IOBES, "bmes": IOBES}
LABELS = ("PER", "LOC")

schemes = st.sampled_from(SCHEMES)


@st.composite
def tag_sequences(draw):
    """A scheme and any sequence of its tags, valid or not."""
    scheme = draw(schemes)
    return scheme, draw(st.lists(st.sampled_from(tag_set(LABELS, scheme)), max_size=8))


def as_seqeval(tags: list[str], scheme: str) -> list[str]:
    """BMES is IOBES by another letter."""
    return [tag.replace("M-", "I-") if scheme == "bmes" else tag for tag in tags]


def accepted(tags: list[str], scheme: str) -> bool:
    try:
        tags_to_entities(tags, scheme)
    except SchemeError:
        return False
    return True


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("iob1", "I-PER I-PER B-PER O I-LOC"),
        ("bio", "B-PER I-PER B-PER O B-LOC"),
        ("bioes", "B-PER E-PER S-PER O S-LOC"),
        ("bmes", "B-PER E-PER S-PER O S-LOC"),
    ],
)
def test_the_same_entities_in_every_scheme(scheme, tags):
    entities = [Entity(0, 2, "PER"), Entity(2, 3, "PER"), Entity(4, 5, "LOC")]
    assert entities_to_tags(reversed(entities), 5, scheme) == tags.split()
    assert tags_to_entities(tags.split(), scheme) == (entities, 0)


def test_a_middle_is_an_m_in_bmes():
    assert entities_to_tags([Entity(0, 3, "X")], 3, "bmes") == ["B-X", "M-X", "E-X"]


@given(schemes, st.data())
def test_round_trip(scheme, data):
    length = data.draw(st.integers(1, 9))
    entities = data.draw(flat_entities(length))
    tags = entities_to_tags(entities, length, scheme)
    assert tags_to_entities(tags, scheme) == (entities, 0)
    assert set(tags) <= set(tag_set({e.label for e in entities}, scheme))


@given(tag_sequences())
def test_what_is_accepted_reads_as_in_seqeval(drawn):
    scheme, tags = drawn
    if accepted(tags, scheme):
        found = Tokens(as_seqeval(tags, scheme), SEQEVAL[scheme]).entities
        ours, _ = tags_to_entities(tags, scheme)
        assert [(e.start, e.end, e.label) for e in ours] == [(e.start, e.end, e.tag) for e in found]


@given(tag_sequences())
def test_repair_reads_as_conlleval(drawn):
    scheme, tags = drawn
    entities, repaired = tags_to_entities(tags, scheme, repair=True)
    conlleval = get_entities(as_seqeval(tags, scheme))
    assert [(e.label, e.start, e.end - 1) for e in entities] == conlleval
    assert (repaired == 0) == accepted(tags, scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_transitions_allow_exactly_what_is_accepted(scheme):
    tags = tag_set(LABELS, scheme)
    follow, first, last = valid_transitions(tags, scheme)
    for length in range(1, 5):
        for path in product(range(len(tags)), repeat=length):
            steps = all(follow[left, right] for left, right in pairwise(path))
            allowed = steps and first[path[0]] and last[path[-1]]
            assert allowed == accepted([tags[tag] for tag in path], scheme)


def test_transitions_are_boolean_masks():
    follow, first, last = valid_transitions(tag_set(LABELS, "bioes"), "bioes")
    assert (follow.shape, first.shape, last.shape) == ((9, 9), (9,), (9,))
    assert follow.dtype == first.dtype == last.dtype == np.bool_


@pytest.mark.parametrize(
    ("scheme", "tags", "repaired"),
    [
        ("bio", "I-PER", 1),
        ("bio", "B-PER I-LOC", 1),
        ("iob1", "B-PER", 1),
        ("bioes", "B-PER O", 1),
        ("bioes", "B-PER I-LOC", 2),
        ("bioes", "E-PER", 1),
        ("bioes", "S-PER E-PER", 1),
        ("bioes", "I-PER I-PER I-PER", 2),
        ("bmes", "M-PER", 1),
    ],
)
def test_every_tag_read_as_another_counts_once(scheme, tags, repaired):
    assert tags_to_entities(tags.split(), scheme, repair=True)[1] == repaired


@pytest.mark.parametrize(
    ("scheme", "tags", "message", "position"),
    [
        ("bio", "O I-PER", "expected bio tag B-PER, got I-PER", 1),
        ("bio", "B-PER I-LOC", "expected bio tag B-LOC, got I-LOC", 1),
        ("iob1", "O B-PER", "expected iob1 tag I-PER, got B-PER", 1),
        ("bioes", "O B-PER O", "expected bioes tag S-PER, got B-PER", 1),
        ("bmes", "B-PER M-PER", "expected bmes tag E-PER, got M-PER", 1),
        ("bio", "O S-PER", r"expected one of O, B-LABEL, I-LABEL \(bio\), got 'S-PER'", 1),
        ("bmes", "O I-PER", "got 'I-PER'", 1),
        ("bio", "PER", "got 'PER'", 0),
        ("bio", "B-", "got 'B-'", 0),
        ("bio", "O BI-PER", "got 'BI-PER'", 1),
        ("bio", "O o", "got 'o'", 1),
    ],
)
def test_strict_errors(scheme, tags, message, position):
    with pytest.raises(SchemeError, match=message) as caught:
        tags_to_entities(tags.split(), scheme)
    assert caught.value.position == position


def test_repair_refuses_what_is_no_tag():
    with pytest.raises(SchemeError, match="got 'S-PER'"):
        tags_to_entities(["S-PER"], "bio", repair=True)


def test_the_label_may_hold_hyphens():
    assert tags_to_entities(["B-a-b", "I-a-b"], "bio") == ([Entity(0, 2, "a-b")], 0)


def test_tags_cannot_tell_overlapping_entities_apart():
    with pytest.raises(
        SentenceError, match=r"share no token.* got ORG and LOC at token 2"
    ) as caught:
        entities_to_tags([Entity(1, 2, "LOC"), Entity(0, 2, "ORG")], 2, "bio")
    assert caught.value.position == 1
    with pytest.raises(SentenceError, match="LOC ends at token 3 of 2"):
        entities_to_tags([Entity(1, 3, "LOC")], 2, "bio")


def test_tag_set_does_not_depend_on_the_order_of_labels():
    assert tag_set({"PER", "LOC"}, "bio") == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert tag_set(["B", "A", "B"], "bmes") == [
        *("O", "B-A", "M-A", "E-A", "S-A"),
        *("B-B", "M-B", "E-B", "S-B"),
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda: tags_to_entities(["B-X"], "bieos"),
        lambda: tags_to_entities(["O"], "bieos"),
        lambda: entities_to_tags([], 1, "bieos"),
        lambda: tag_set([], "bieos"),
        lambda: valid_transitions([], "bieos"),
    ],
)
def test_an_unknown_scheme_names_the_nearest(call):
    with pytest.raises(InputError, match=r"got 'bieos'. Did you mean 'bioes'\?"):
        call()
