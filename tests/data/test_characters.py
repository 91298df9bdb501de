import pytest
from hypothesis import given
from hypothesis import strategies as st

from synner_graph.config import TextConfig
from synner_graph.data.characters import (
    AlignmentReport,
    align_characters,
    check_characters,
    split_characters,
)
from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.data.segmentation import build_segmenter
from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.data.trees import is_projective
from synner_graph.errors import InputError
from tests.strategies import sentences

CARRIERS = st.sampled_from(["first", "last"])
SENTENCE = Sentence(
    ["北京大", "学", "在 A"],
    heads=[1, ROOT, 1],
    relations=["nmod", "root", "obj"],
    entities=[Entity(0, 2, "ORG"), Entity(2, 3, "LOC", 0.5)],
    upos=["X", "Y", "Z"],
    id="1",
    text="北京大学在 A",
    offsets=[(0, 3), (3, 4), (4, 7)],
)


@pytest.mark.parametrize(
    ("carrier", "heads", "relations"),
    [
        ("first", [3, 0, 0, ROOT, 3, 4], ["nmod", "char", "char", "root", "obj", "char"]),
        ("last", [2, 2, 3, ROOT, 5, 3], ["char", "char", "nmod", "root", "char", "obj"]),
    ],
)
def test_one_character_carries_the_tree(carrier, heads, relations):
    assert split_characters(SENTENCE, carrier) == Sentence(
        ["北", "京", "大", "学", "在", "A"],
        heads=heads,
        relations=relations,
        entities=[Entity(0, 4, "ORG"), Entity(4, 6, "LOC")],
        upos=["X", "X", "X", "Y", "Z", "Z"],
        id="1",
        text="北京大学在 A",
        offsets=[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (6, 7)],
    )


def test_marks_stay_with_their_character_as_in_raw_text():
    words = Sentence(["ne\u0301e", "👍🏽!"], text="ne\u0301e 👍🏽!", offsets=[(0, 4), (5, 8)])
    split = split_characters(words)
    assert split.tokens == ("n", "e\u0301", "e", "👍🏽", "!")
    assert split.offsets == ((0, 1), (1, 3), (3, 4), (5, 7), (7, 8))
    segmenter = build_segmenter(TextConfig(tokenizer="characters"))
    assert [token for s in segmenter(words.text) for token in s.sentence.tokens] == [*split.tokens]


def test_words_are_told_from_characters():
    characters = split_characters(SENTENCE)
    assert check_characters(characters) is characters
    accented = Sentence(["e\u0301"])
    assert check_characters(accented) is accented
    with pytest.raises(InputError, match="expected one as each token, got '北京大'"):
        check_characters(SENTENCE)


def test_offsets_go_where_words_are_not_in_the_text():
    contracted = Sentence(["de", "le"], text="du", offsets=[(0, 2), (0, 2)])
    assert split_characters(contracted).offsets is None


@given(sentences(parsed=True, nested=True), CARRIERS)
def test_words_can_be_told_from_their_characters(sentence, carrier):
    split = split_characters(sentence, carrier).check(flat=False)
    kept = ["".join(word.split()) or word for word in sentence.tokens]
    assert "".join(split.tokens) == "".join(kept)
    assert len(split.entities) == len(sentence.entities)
    for ours, theirs in zip(split.entities, sentence.entities, strict=True):
        assert "".join(split.tokens[ours.start : ours.end]) == "".join(
            kept[theirs.start : theirs.end]
        )
    assert [r for r in split.relations if r != "char"] == list(sentence.relations)
    assert split_characters(split, carrier) == split
    if is_projective(sentence.heads) and carrier == "first":
        assert split_characters(sentence.replace(heads=None, relations=None)).heads is None


@given(sentences(parsed=True), CARRIERS)
def test_alignment_with_its_own_tree_is_splitting(sentence, carrier):
    report = AlignmentReport()
    characters = split_characters(sentence, carrier)
    bare = characters.replace(heads=None, relations=None)
    assert list(align_characters([bare], [sentence], carrier, report)) == [characters]
    assert report == AlignmentReport()


def test_what_does_not_fit_is_counted():
    tree = SENTENCE.replace(entities=[])
    entities = [Entity(0, 2, "LOC"), Entity(0, 4, "ORG"), Entity(1, 5, "X"), Entity(5, 6, "Y")]
    annotated = Sentence(list("北京大学在A"), entities=entities)
    other = annotated.replace(tokens=list("南京大学在A"))
    report = AlignmentReport()
    [aligned] = align_characters([other, annotated], [tree, tree], report=report)
    assert aligned.entities == tuple(entities)
    assert aligned.heads == split_characters(tree).heads
    assert report == AlignmentReport(left_out=1, crossed_words=2, crossing_entities=3)
    with pytest.raises(InputError, match="got more trees than sentences"):
        list(align_characters([], [tree]))


def names(sentence: Sentence) -> list[str]:
    return ["".join(sentence.tokens[e.start : e.end]) for e in sentence.entities]


@pytest.mark.parametrize("carrier", ["first", "last"])
def test_uner_zh_gsd(carrier, real_corpora):
    words = load_corpus("uner-zh-gsd", real_corpora, ["test"]).splits["test"]
    characters = [split_characters(sentence, carrier) for sentence in words]
    for sentence, split in zip(words, characters, strict=True):
        assert "".join(split.check().tokens) == "".join(sentence.tokens)
        assert len(split.roots) == len(sentence.roots) == 1
        assert names(split) == names(sentence)
    report = AlignmentReport()
    bare = [split.replace(heads=None, relations=None) for split in characters]
    assert list(align_characters(bare, words, carrier, report)) == characters
    assert report == AlignmentReport()
    wide = [[e for e in split.entities if e.end > e.start + 1] for split in bare]
    shifted = [
        split.replace(entities=[Entity(e.start, e.end - 1, e.label) for e in entities])
        for split, entities in zip(bare, wide, strict=True)
    ]
    assert len(list(align_characters(shifted, words, carrier, report))) == len(words)
    inside = sum(len(s.tokens[e.end - 1]) > 1 for s in words for e in s.entities)
    assert inside and report == AlignmentReport(0, inside, inside)
