"""What dictionaries say of the spans of sentences, and which lines contradict each other."""

import math
import pickle
import random
from pathlib import Path

import pytest

from synner_graph.data.dictionary import WEIGHT, Dictionary, Scope, SpanRule, read_dictionary
from synner_graph.data.entries import Entry, Row
from synner_graph.errors import InputError

LABELS = ("LOC", "ORG", "PER")
FLAT = Scope(LABELS)


def read(text: str, folder: Path, name: str = "LOC.tsv") -> Dictionary:
    (folder / name).write_text(text, encoding="utf-8")
    return read_dictionary(folder / name)


def test_each_entry_has_its_rule_and_case(tmp_path: Path) -> None:
    dictionary = read(
        "Paris\nHope\tLOC\tveto\nmay\t*\tveto\tcasefold\nParis Hilton\tPER\thint\n"
        "Oslo\tORG\thint\t-0.5\n",
        tmp_path,
    )
    tokens = ["Paris", "met", "hope", "Hope", "MAY", "Oslo"]
    assert dictionary.find(tokens, FLAT) == (
        SpanRule(0, 1, "LOC", math.inf),
        SpanRule(3, 4, "LOC", -math.inf),
        *(SpanRule(4, 5, label, -math.inf) for label in LABELS),
        SpanRule(5, 6, "ORG", -0.5),
    )
    assert dictionary.find(["Oslo"], FLAT)[0].weight == -0.5
    assert dictionary.find(["he", "met", "Paris"], FLAT)[0].forces
    assert dictionary.find(["x"], FLAT) == ()
    assert WEIGHT == 2.0 and not dictionary.notes()


def test_the_longest_forced_match_wins_and_who_loses_is_told(tmp_path: Path) -> None:
    dictionary = read(
        "New York\nYork City\tORG\nYork\tPER\nCity Hall\tORG\nNew\tLOC\tveto\nHall of\tPER\thint\n",
        tmp_path,
    )
    tokens = ["in", "New", "York", "City", "Hall", "of", "York"]
    assert dictionary.find(tokens, FLAT) == (
        SpanRule(1, 3, "LOC", math.inf),
        SpanRule(3, 5, "ORG", math.inf),
        SpanRule(6, 7, "PER", math.inf),
    )
    (note,) = dictionary.notes()
    assert note == (
        "where a forced entry of the dictionary overlaps others, the longest forced one wins, of "
        f"equally long ones the first: 3 gave way, such as 'York City' as ORG ({tmp_path}/"
        f"LOC.tsv:2) to 'New York' as LOC ({tmp_path}/LOC.tsv:1)"
    )
    nested = dictionary.find(tokens, Scope(LABELS, "nested"))
    assert {rule[:3] for rule in nested if rule.forces} == {
        (1, 3, "LOC"),
        (2, 3, "PER"),
        (3, 5, "ORG"),
        (6, 7, "PER"),
    }
    assert SpanRule(1, 2, "LOC", -math.inf) in nested
    free = {rule[:2] for rule in dictionary.find(tokens, Scope(LABELS, "any")) if rule.forces}
    assert free == {(1, 3), (2, 4), (2, 3), (3, 5), (6, 7)}


def test_hints_beyond_the_widest_span_are_told(tmp_path: Path) -> None:
    text = "a b c\tLOC\thint\nb c d\tORG\tveto\nc d e f\tPER\tforce\n"
    dictionary = read(text, tmp_path)
    found = dictionary.find(
        ["a", "b", "c", "b", "c", "d", "c", "d", "e", "f"], Scope(LABELS, "none", 2)
    )
    assert found == (SpanRule(6, 10, "PER", math.inf),)
    (note,) = dictionary.notes()
    assert note.startswith("1 hints of the dictionary had no effect: they are wider than any span")
    assert note.endswith(f"such as 'a b c' as LOC ({tmp_path}/LOC.tsv:1)")


@pytest.mark.parametrize("shares", ["none", "nested", "any"])
def test_rules_equal_a_search_of_every_span(shares: str) -> None:
    draw = random.Random(1)
    for _ in range(30):
        words = draw.choices("abcd", k=12)
        phrases = {" ".join(draw.choices("abcd", k=draw.randint(1, 4))) for _ in range(8)}
        rows = [
            Row(Entry(phrase, draw.choice(LABELS), "d"), "d", line, draw.choice(["force", "veto"]))
            for line, phrase in enumerate(sorted(phrases), 1)
        ]
        dictionary = Dictionary(rows)
        spans = [
            (start, end, row)
            for start in range(12)
            for end in range(start + 1, 13)
            for row in rows
            if row.entry.phrase == " ".join(words[start:end])
        ]
        kept: list[tuple[int, int]] = []
        expected = set()

        def clashes(start: int, end: int, kept: list[tuple[int, int]] = kept) -> bool:
            overlaps = {
                "none": lambda a, b: a < end and start < b,
                "nested": lambda a, b: a < start < b < end or start < a < end < b,
                "any": lambda a, b: False,
            }[shares]
            return any(overlaps(a, b) or (a, b) == (start, end) for a, b in kept)

        for start, end, row in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
            if row.rule == "force" and not clashes(start, end):
                kept.append((start, end))
                expected.add(SpanRule(start, end, row.entry.label, math.inf))
        for start, end, row in spans:
            if row.rule == "veto" and not clashes(start, end):
                expected.add(SpanRule(start, end, row.entry.label, -math.inf))
        found = dictionary.find(words, Scope(LABELS, shares))  # type: ignore[arg-type]
        assert found == tuple(sorted(expected))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("May\tLOC", "May\tPER", "force of 'May' as PER contradicts force of 'May' as LOC"),
        ("May\tLOC", "May\tLOC\tveto", "veto of 'May' as LOC contradicts force of 'May' as LOC"),
        ("May\t*\tveto", "May\tLOC", "force of 'May' as LOC contradicts veto of 'May' as *"),
        ("May\tLOC", "may\tPER\tcasefold", "force of 'may' as PER contradicts"),
        ("New York\tLOC", "NewYork\tPER", "force of 'NewYork' as PER contradicts"),
        ("May\tLOC\thint", "May\tPER", "force of 'May' as PER contradicts hint 2 of 'May' as LOC"),
        ("May\tLOC\thint", "May\tLOC\thint\t1", "hint 1 of 'May' as LOC contradicts hint 2 of"),
        ("May\t*\tveto", "May\tLOC\thint\t1", "hint 1 of 'May' as LOC contradicts veto of"),
    ],
)
def test_contradictions_are_refused_with_both_lines(
    first: str, second: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refusal:
        read(f"Oslo\n\n{first}\n{second}\n", tmp_path)
    path = tmp_path / "LOC.tsv"
    assert str(refusal.value).startswith(f"{path}:4: {said}")
    assert str(refusal.value).endswith(f"({path}:3)")
    one, other = tmp_path / "one.tsv", tmp_path / "other.tsv"
    one.write_text(first, encoding="utf-8")
    other.write_text(second, encoding="utf-8")
    with pytest.raises(InputError, match=r"other.tsv:1: .* contradicts .*one.tsv:1\)"):
        read_dictionary(one, other)


def test_what_agrees_is_no_contradiction(tmp_path: Path) -> None:
    dictionary = read(
        "May\tLOC\nMay\tLOC\nmay\tLOC\tcasefold\nMay\tPER\tveto\nmay\tORG\tveto\n"
        "Oslo\tLOC\thint\nOslo\tORG\thint\t1\nOslo\tPER\tveto\nJune\tLOC\nJUNE\tPER\n",
        tmp_path,
    )
    assert dictionary.find(["May"], FLAT) == (SpanRule(0, 1, "LOC", math.inf),)
    assert len(dictionary.find(["Oslo"], FLAT)) == 3
    assert len(dictionary.rows) == 9
    assert not dictionary.notes()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("May\tLOC\t3", "expected a weight of a hint alone, got one of a force"),
        ("May\tLOC\tveto\t3", "expected a weight of a hint alone, got one of a veto"),
        ("May\t*", "expected the label * of a veto alone, got a force"),
        ("May\t*\thint", "expected the label * of a veto alone, got a hint"),
    ],
)
def test_rule_label_and_weight_must_fit(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read(f"Oslo\n{line}\n", tmp_path)
    assert str(refusal.value) == f"{tmp_path / 'LOC.tsv'}:2: {said}"


def test_labels_are_those_of_the_model(tmp_path: Path) -> None:
    dictionary = read("Oslo\nMay\t*\tveto\nAnn\tPRE\n", tmp_path)
    with pytest.raises(InputError) as refusal:
        dictionary.check_labels(LABELS)
    assert str(refusal.value).startswith(f"{tmp_path / 'LOC.tsv'}:3: unknown label 'PRE'. Did you")


def test_a_dictionary_can_be_pickled(tmp_path: Path) -> None:
    dictionary = read("New York\nYork\n", tmp_path)
    again = pickle.loads(pickle.dumps(dictionary))
    assert again.find(["New", "York"], FLAT) == dictionary.find(["New", "York"], FLAT)
    assert len(again.rows) == 2 and again.notes() == dictionary.notes() != []
