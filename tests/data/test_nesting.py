import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.data.nesting import flatten, is_nested
from synner_graph.data.sentence import Entity, Sentence
from tests.strategies import sentences

OUTER, MIDDLE, INNER = Entity(0, 4, "A"), Entity(0, 3, "B"), Entity(1, 2, "C")


@pytest.mark.parametrize(
    ("keep", "kept", "dropped"), [("innermost", (INNER,), 2), ("outermost", (OUTER,), 2)]
)
def test_one_of_those_that_share_a_token_is_kept(keep, kept, dropped):
    beside = Entity(4, 5, "D")
    sentence = Sentence(["a", "b", "c", "d", "e"], entities=[OUTER, MIDDLE, INNER, beside])
    flat, number = flatten(sentence, keep)
    assert (flat.entities, number) == ((*kept, beside), dropped)


@given(sentences(nested=True), st.sampled_from(["innermost", "outermost"]))
def test_what_is_dropped_shares_a_token_with_what_is_kept(sentence, keep):
    flat, dropped = flatten(sentence, keep)
    assert is_nested(sentence) == (dropped > 0)
    assert not is_nested(flat)
    flat.check(single_root=False)
    gone = set(sentence.entities) - set(flat.entities)
    assert len(gone) == dropped == len(sentence.entities) - len(flat.entities)
    for entity in gone:
        rivals = [e for e in flat.entities if e.start < entity.end and entity.start < e.end]
        widths = [e.end - e.start for e in rivals]
        width = entity.end - entity.start
        assert (min(widths) <= width) if keep == "innermost" else (max(widths) >= width)
