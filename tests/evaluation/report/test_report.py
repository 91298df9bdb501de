"""Reports: the same numbers in HTML, Markdown and JSON, and nothing from elsewhere."""

import json
import re
from pathlib import Path

import pytest

from synner_graph.data.sentence import ROOT, Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.analysis import Analysis, analyse
from synner_graph.evaluation.buckets import FAMILIES, forms_of
from synner_graph.evaluation.report import report_format, report_text
from synner_graph.evaluation.report.tables import NOTES, tables
from synner_graph.evaluation.scores import score_entities
from tests.drawing.test_page import read

GOLD = [
    Sentence(
        list("abcd"),
        [ROOT, 0, 1, 0],
        ["dep"] * 4,
        [Entity(0, 2, "PER"), Entity(1, 2, "LOC"), Entity(3, 4, "LOC")],
    ),
    Sentence(["x"], [ROOT], ["root"]),
]
FOUND = {
    "runs/a": [[Entity(0, 2, "PER"), Entity(3, 4, "PER")], []],
    "b|<i>": [[Entity(0, 3, "PER"), Entity(1, 2, "LOC"), Entity(3, 4, "LOC")], [Entity(0, 1, "X")]],
}


def analysed(*names: str) -> list[Analysis]:
    gold = [s.entities for s in GOLD]
    reports = {name: score_entities(gold, FOUND[name], "dev") for name in names}
    forms = forms_of(GOLD)
    return [analyse(name, GOLD, FOUND[name], reports[name], forms) for name in names]


def without_intervals(text: str) -> str:
    """The text without the intervals behind each F1."""
    return re.sub(r" \([\d.]+-[\d.]+\)", "", text)


def test_json_holds_everything():
    first, second = json.loads(report_text(analysed(*FOUND), "json"))["systems"]
    assert (first["system"], second["system"]) == tuple(FOUND)
    assert first["overall"]["correct"] == 1 and second["overall"]["correct"] == 2
    assert first["signature"].startswith("match:strict|")
    assert first["resampled"] == {"unit": "sentences", "units": 2}
    strict, exact = first["overall"]["f1_interval"], first["matchings"]["exact"]["f1_interval"]
    assert strict["low"] < 40 < strict["high"] and exact["low"] < exact["high"]
    assert first["matchings"]["exact"]["correct"] == 2
    assert first["nested"]["inner"]["gold"] == 1
    assert first["errors"]["labels"] == ["LOC", "PER"]
    assert first["errors"]["same_tokens"] == [[0, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert second["errors"]["other_tokens"][1][1] == 1
    assert set(first["buckets"]) == set(FAMILIES)
    assert first["buckets"]["in the tree"]["a whole subtree"]["gold"] == 1


def test_markdown_has_a_line_for_each_row():
    text = report_text(analysed("runs/a"), "md")
    assert "over 2 sentences" in text
    assert without_intervals(text) != text
    text = without_intervals(text)
    assert "| runs/a | 3 | 2 | 1 | 50.00 | 33.33 | 40.00 | 33.33 |" in text
    assert "| PER | 1 | 2 | 1 | 50.00 | 100.00 | 66.67 |" in text
    assert text.count("match:strict|") == 1
    columns = {}
    for block in text.split("\n\n"):
        if block.startswith("|"):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(widths) == 1
            columns[block.splitlines()[0]] = widths
    assert len(columns) == len(tables(analysed("runs/a")))


def test_systems_stand_side_by_side():
    text = without_intervals(report_text(analysed(*FOUND), "md"))
    assert r"| type | gold | F1 of runs/a | F1 of b\|\<i> |" in text
    assert "| LOC | 2 | 0.00 | 100.00 |" in text
    assert "| X | 0 | - | 0.00 |" in text


@pytest.mark.parametrize("names", [["runs/a"], list(FOUND)])
def test_a_page_is_whole_and_asks_for_nothing(names):
    html = report_text(analysed(*names), "html")
    reader = read(html)
    tags = [tag for tag, _ in reader.seen]
    assert "script" not in tags and "link" not in tags and "img" not in tags
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert "prefers-color-scheme:dark" in html
    assert tags.count("svg") == sum(table.chart is not None for table in tables(analysed(*names)))
    folded = [table for table in tables(analysed(*names)) if table.is_drawn]
    assert tags.count("details") == len(folded) < tags.count("table")
    assert {"Scores", "Types", "Errors", "Tree distance"} <= set(reader.texts)
    if len(names) > 1:
        assert "b|<i>" in reader.texts


def test_every_family_says_what_it_goes_by():
    titles = {table.title: table.note for table in tables(analysed("runs/a"))}
    assert {family.capitalize() for family in FAMILIES} <= titles.keys()
    missing = set(FAMILIES) - set(NOTES)
    assert not missing and all(note.endswith(".") for note in NOTES.values())


def test_without_a_training_split_nothing_is_said_of_it():
    report = score_entities([s.entities for s in GOLD], FOUND["runs/a"], "dev")
    found = analyse("a", GOLD, FOUND["runs/a"], report)
    assert "form in training" not in found.buckets
    assert "Form in training" not in report_text([found], "md")


def test_the_suffix_says_the_format():
    assert report_format(Path("x/report.md")) == "md"
    with pytest.raises(
        InputError, match=r"expected a report named \.html, \.md, \.json, got a\.pdf"
    ):
        report_format(Path("a.pdf"))
