"""What holds for every parser, and what a run keeps of one."""

from collections.abc import Sequence

import pytest

from synner_graph.data.sentence import ROOT, ConlluExtra, Entity, Sentence
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError
from synner_graph.parsers import CorpusTrees, Parser, ParserRecord, scheme_note


class Scripted(Parser):
    """Gives every sentence the same tree."""

    name = "scripted"
    version = "1"
    relations = ("nsubj", "obj", "root")

    def __init__(self, *tree: Sequence) -> None:
        self.tree = tree

    def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
        return [self.tree for _ in sentences]


SENTENCE = Sentence(
    ["Ann", "saw", "it"],
    heads=[1, ROOT, 1],
    relations=["a", "b", "c"],
    entities=[Entity(0, 1, "PER"), Entity(0, 2, "LOC")],
    upos=["X", "Y", "Z"],
    text="Ann saw it",
    offsets=[(0, 3), (4, 7), (8, 10)],
    extra=ConlluExtra(lemmas=("a", "b", "c"), deps=("2:a", "0:b", "2:c")),
)


def test_the_tree_is_new_and_the_rest_stays() -> None:
    tree = [ROOT, 0, 1], ["root", "obj", "nsubj"]
    (parsed,) = Scripted(*tree).parse([SENTENCE])
    extra = ConlluExtra(lemmas=("a", "b", "c"))
    assert parsed == SENTENCE.replace(heads=tree[0], relations=tree[1], extra=extra)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ([ROOT, 0, ROOT], "expected one root, got 2: token 1 'Ann', token 3 'it'"),
        ([1, 0, ROOT], "expected a tree, got a cycle"),
        ([ROOT, 0], "expected 3 heads, got 2"),
    ],
)
def test_what_is_no_tree_is_refused(heads: list[int], message: str) -> None:
    parser = Scripted(heads, ["obj"] * len(heads))
    with pytest.raises(InputError, match=f"The parser scripted fails at 'Ann saw it': {message}"):
        parser.parse([SENTENCE])


def test_corpus_trees_are_handed_on() -> None:
    two_roots = SENTENCE.replace(heads=[ROOT, ROOT, 1])
    assert CorpusTrees().parse([SENTENCE, two_roots]) == [SENTENCE, two_roots]
    bare = Sentence(["Ann", "saw", "it"])
    with pytest.raises(InputError, match=r"'Ann saw it' has no dependency tree: .* --parser"):
        CorpusTrees().parse([SENTENCE, bare])


def test_a_record_survives_json() -> None:
    record = Scripted([], []).record
    assert ParserRecord.from_json(record.to_json()) == record


def test_another_scheme_is_worth_a_note() -> None:
    parser = Scripted([], [])
    assert scheme_note(parser.record, parser) is None
    corpus = ParserRecord("trees", "", ("det", "nsubj", "obj", "xcomp"))
    assert scheme_note(corpus, CorpusTrees()) is None
    assert scheme_note(corpus, parser) == (
        "the model was trained on trees of its corpus with 4 relations; scripted 1 has 3, of which "
        "the model knows 2"
    )
    older = ParserRecord("scripted", "0", parser.relations)
    note = scheme_note(older, parser)
    assert note is not None and "trees of scripted 0 with 3 relations; scripted 1 has 3" in note
