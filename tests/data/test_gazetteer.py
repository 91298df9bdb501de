"""Dictionaries: read, gathered, and found among tokens, against a search of every span."""

import random
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from synner_graph.data.entries import Entry
from synner_graph.data.gazetteer import (
    TRAIN,
    Gazetteer,
    Match,
    gather,
    names_of,
    read_gazetteer,
)
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError


def entry(phrase: str, label: str = "X", **settings: object) -> Entry:
    return Entry(phrase, label, "list", **settings)  # type: ignore[arg-type]


def found(gazetteer: Gazetteer, text: str, longest: bool = False) -> list[tuple[str, str]]:
    tokens = text.split()
    return [
        (" ".join(tokens[start:end]), gazetteer.entries[number].label)
        for start, end, number in gazetteer.matches(tokens, longest)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_all_matches_equal_a_search_of_every_span(seed: int) -> None:
    draw = random.Random(seed)
    words = ["a", "b", "A", "ab", "a-", "-", "甲", "甲a", "-甲"]

    def phrase() -> str:
        return draw.choice([" ", ""]).join(draw.choices(words, k=draw.randint(1, 3)))

    entries = [entry(phrase(), draw.choice("XY"), case=draw.choice(["exact", "casefold"]))]
    entries = list({e: None for e in entries + [entry(phrase()) for _ in range(8)]})
    tokens = draw.choices(words, k=15)
    expected = []
    for start in range(15):
        for end in range(start + 1, 16):
            for number, e in enumerate(entries):
                part, wanted = tokens[start:end], e.phrase.split()
                if e.case == "casefold":
                    part, wanted = ([w.casefold() for w in ws] for ws in (part, wanted))
                ends = {len("".join(part[: i + 1])) for i in range(len(part))}
                blanks = {len("".join(wanted[: i + 1])) for i in range(len(wanted))}
                text = "".join(part)
                split = any(re.fullmatch("[a-zA-Z]{2}", text[i - 1 : i + 1]) for i in ends - blanks)
                if text == "".join(wanted) and blanks <= ends and not split:
                    expected.append(Match(start, end, number))
    assert Gazetteer(entries).matches(tokens) == sorted(expected)


def test_a_phrase_matches_however_its_words_are_cut() -> None:
    gazetteer = Gazetteer([entry("St. John's"), entry("北京大学", "ORG"), entry("北京", "LOC")])
    assert found(gazetteer, "in St . John 's harbour") == [("St . John 's", "X")]
    assert found(gazetteer, "在 北 京 大 学") == [("北 京", "LOC"), ("北 京 大 学", "ORG")]
    assert gazetteer.matches(["in", "St.", "John's"]) == [Match(1, 3, 0)]


def test_a_token_must_end_where_the_phrase_has_a_blank_and_at_its_end() -> None:
    gazetteer = Gazetteer([entry("New York")])
    for tokens in (["NewYork"], ["New", "Yorker"], ["aNew", "York"], ["N", "ewYork"]):
        assert gazetteer.matches(tokens) == []
    assert gazetteer.matches(["New York"]) == [Match(0, 1, 0)]  # a token with a blank


def test_no_token_ends_between_two_letters_that_have_case() -> None:
    gazetteer = Gazetteer([entry("Ina"), entry("O'Neill"), entry("AT&T"), entry("山田A")])
    assert gazetteer.matches(["In", "a"]) == []
    assert found(gazetteer, "In a O' Neill AT &T") == [("O' Neill", "X"), ("AT &T", "X")]
    assert found(gazetteer, "Ina 山 田 A") == [("Ina", "X"), ("山 田 A", "X")]


def test_longest_matches_leave_out_what_lies_inside() -> None:
    entries = [entry("New York"), entry("New York City"), entry("City Hall"), entry("York", "P")]
    gazetteer = Gazetteer([*entries, entry("New York City", "Y")])
    text = "New York City Hall"
    assert len(found(gazetteer, text)) == 5
    assert found(gazetteer, text, longest=True) == [
        ("New York City", "X"),
        ("New York City", "Y"),
        ("City Hall", "X"),
    ]


def test_case_is_that_of_the_entry() -> None:
    gazetteer = Gazetteer([entry("May"), entry("straße", "S", case="casefold")])
    assert found(gazetteer, "may May MAY STRASSE Straße") == [
        ("May", "X"),
        ("STRASSE", "S"),
        ("Straße", "S"),
    ]


def test_the_time_does_not_grow_with_the_entries() -> None:
    """The look-ups: a token, and those after it up to the longest phrase that begins like it."""
    many = Gazetteer(entry(f"b{i} c") for i in range(1000))
    assert many._longest["exact"] == {"b": 5}
    assert many.matches(["a"] * 5 + ["b7", "c"]) == [Match(5, 7, 7)]


def test_files_have_tables_objects_and_phrases(tmp_path: Path) -> None:
    path = tmp_path / "cities.tsv"
    path.write_text(
        "New  York\tLOC\nnato\tORG\tcasefold\n\n"
        '{"label": "ORG", "pattern": "Acme Corp."}\n'
        '{"label": "PER", "pattern": "ann", "case": "casefold"}\nParis\nParis\n',
        encoding="utf-8",
    )
    rows = [(e.phrase, e.label, e.case) for e in read_gazetteer(path)]
    assert rows == [
        ("New York", "LOC", "exact"),
        ("nato", "ORG", "casefold"),
        ("Acme Corp.", "ORG", "exact"),
        ("ann", "PER", "casefold"),
        ("Paris", "cities", "exact"),
    ]
    assert {e.type for e in read_gazetteer(path)} >= {"cities: LOC", "cities: cities"}
    assert read_gazetteer(path, "casefold")[0].case == "casefold"


def named(text: str, document: str | None, *entities: Entity) -> Sentence:
    return Sentence(text.split(), entities=entities, document=document)


TRAINING = [
    named("Ann Lee met Bob", "d1", Entity(0, 2, "PER"), Entity(3, 4, "PER")),
    named("Bob Inc. grew", "d1", Entity(0, 2, "ORG")),
    named("Bob left", "d2", Entity(0, 1, "PER")),
    named("Bob fell", None, Entity(0, 1, "LOC")),
]


def test_names_of_the_training_split_know_their_only_document() -> None:
    rows = {(e.phrase, e.label): e.only_in for e in names_of(TRAINING)}
    assert set(rows) == {("Ann Lee", "PER"), ("Bob", "PER"), ("Bob", "LOC"), ("Bob Inc.", "ORG")}
    assert rows["Bob", "PER"] is None
    assert rows["Ann Lee", "PER"] == rows["Bob Inc.", "ORG"] is not None
    assert rows["Bob", "LOC"] not in (None, rows["Ann Lee", "PER"])
    assert {e.list for e in names_of(TRAINING)} == {TRAIN}


def test_a_sentence_does_not_find_what_its_own_document_alone_tells() -> None:
    gazetteer = Gazetteer(names_of(TRAINING))

    def seen(sentence: Sentence) -> list[str]:
        return [gazetteer.entries[m.entry].type for m in gazetteer.find(sentence)]

    everything = ["train: LOC", "train: PER"]
    assert [seen(TRAINING[3]), seen(TRAINING[2])] == [everything, everything]
    gazetteer.hide_own(TRAINING)
    assert seen(TRAINING[0]) == seen(TRAINING[1]) == everything  # of Bob: from other documents
    assert seen(TRAINING[3]) == ["train: PER"]
    assert seen(named("Ann Lee met Bob", "d3")) == ["train: PER", *everything]
    assert seen(named("Ann Lee met", "d1")) == ["train: PER"]  # no training sentence


def test_lists_are_gathered_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("Rome\tLOC\n")
    entries = gather([str(path), TRAIN], TRAINING, "casefold")
    assert entries[0] == Entry("Rome", "LOC", "a", "casefold")
    assert {(e.list, e.case) for e in entries[1:]} == {("train", "casefold")}
    with pytest.raises(InputError, match="Two gazetteers are named 'a'"):
        gather([str(path), str(path)], TRAINING)
    assert all(Entry.from_json(asdict(e)) == e for e in entries)
