"""Tables and notes on a terminal."""

from dataclasses import replace

import pytest

from synner_graph.cli.console import print_comparison, print_report
from synner_graph.data.sentence import Entity
from synner_graph.evaluation.scores import score_entities
from synner_graph.evaluation.tree_comparison import TreeComparison
from synner_graph.parsers import ParserRecord

GOLD = [[Entity(0, 1, "PER"), Entity(1, 2, "LOC")]]
REPORT = replace(
    score_entities(GOLD, [[Entity(0, 1, "PER")]], "dev"),
    unknown_relations={"dep": 3},
    unknown_labels={"X": 1},
)


def test_notes_say_which_split(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(REPORT)
    notes = capsys.readouterr().err.splitlines()
    assert [note.startswith("note: dev: ") for note in notes] == [True, True]


def test_a_comparison_of_trees_has_rates_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    better = score_entities(GOLD, GOLD, "dev")
    record = ParserRecord("spacy:some", "1", ())
    print_comparison(TreeComparison(record, REPORT, better, None, ()))
    printed = capsys.readouterr().out
    for source in ("trees given", "trees of spacy:some"):
        assert source in printed
    for cells in ("PER 100.00 100.00 100.00 1 1 1", "LOC 0.00 0.00 0.00 1 0 0"):
        lines = [" ".join(line.replace("│", " ").split()) for line in printed.splitlines()]
        assert cells in lines
