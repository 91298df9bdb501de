"""Attachment scores, counted by hand."""

import pytest

from synner_graph.data.sentence import ROOT, Sentence
from synner_graph.evaluation.trees import TreeScore, score_trees

GOLD = Sentence(
    ["Ann", "saw", "it", "there", "."],
    heads=[1, ROOT, 1, 1, 1],
    relations=["nsubj", "root", "obj", "advmod:lmod", "punct"],
)
TREE = [1, ROOT, 1, 2, 2], ["nsubj", "root", "iobj", "advmod", "punct"]


def test_counts_by_hand() -> None:
    report = score_trees([GOLD, GOLD], [TREE, ([1, ROOT, 1, 1, 1], TREE[1])], "dev")
    assert report.all == TreeScore(tokens=10, heads=8, arcs=5)
    assert report.without_punctuation == TreeScore(tokens=8, heads=7, arcs=4)
    assert report.all.uas == pytest.approx(80)
    assert report.all.las == pytest.approx(50)
    assert report.to_json()["all"] == {"uas": 80, "las": 50, "tokens": 10, "heads": 8, "arcs": 5}


def test_folded_relations() -> None:
    tree = GOLD.heads, TREE[1]
    assert score_trees([GOLD], [tree], "dev").all.arcs == 3
    assert score_trees([GOLD], [tree], "dev", fold_subtypes=True).all.arcs == 4


def test_nothing_to_compare() -> None:
    assert score_trees([], [], "dev").all.las == 0
    with pytest.raises(ValueError, match="shorter"):
        score_trees([GOLD], [], "dev")
