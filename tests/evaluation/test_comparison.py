"""Comparisons of systems: counted by document and kind, held to the scores of the program."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.buckets import forms_of
from synner_graph.evaluation.comparison import (
    Group,
    SystemComparison,
    compare_systems,
    groups_of,
)
from synner_graph.evaluation.comparison_page import comparison_page
from synner_graph.evaluation.scores import score_entities
from synner_graph.evaluation.significance import holm, paired_bootstrap, randomisation

Found = list[tuple[Entity, ...]]


def corpus(documents: int = 40) -> list[Sentence]:
    """Documents of one to three sentences, two persons and a place in each sentence."""
    entities = (Entity(0, 1, "PER"), Entity(2, 3, "PER"), Entity(4, 6, "LOC"))
    return [
        Sentence(("Ann", "met", "Bo", "in", "New", "York"), entities=entities, document=str(number))
        for number in range(documents)
        for _ in range(1 + number % 3)
    ]


def system(gold: Sequence[Sentence], chance: float, seed: int, label: str = "PER") -> Found:
    """Find each entity of a label with that probability, all others, and some wrong ones."""
    draw = np.random.default_rng(seed)
    found = []
    for sentence in gold:
        kept = [e for e in sentence.entities if e.label != label or draw.random() < chance]
        wrong = [Entity(1, 2, "LOC")] if draw.random() < 0.1 else []
        found.append((*kept, *wrong))
    return found


def by_document(gold: Sequence[Sentence], found: Found) -> np.ndarray:
    """Counts of each document, by the scores of the program. *Shape:* [1, documents, 3]"""
    rows = []
    for name in dict.fromkeys(s.document for s in gold):
        places = [i for i, s in enumerate(gold) if s.document == name]
        score = score_entities([gold[i].entities for i in places], [found[i] for i in places], "")
        rows.append((score.overall.gold, score.overall.predicted, score.overall.correct))
    return np.array([rows], float)


@pytest.fixture(scope="module")
def gold() -> list[Sentence]:
    return corpus()


@pytest.fixture(scope="module")
def compared(gold: list[Sentence]) -> SystemComparison:
    groups = [
        Group("good", [system(gold, 0.9, 1), system(gold, 0.85, 2)]),
        Group("poor", [system(gold, 0.5, 3)]),
        Group("same", [system(gold, 0.9, 4), system(gold, 0.85, 5)]),
    ]
    return compare_systems(gold, groups, forms_of(gold[:3]))


def test_documents_are_counted_as_the_scores_count_them(
    gold: list[Sentence], compared: SystemComparison
) -> None:
    good = [by_document(gold, system(gold, 0.9, 1)), by_document(gold, system(gold, 0.85, 2))]
    poor = by_document(gold, system(gold, 0.5, 3))
    assert (compared.unit, compared.units) == ("documents", 40)
    gap = compared.versus[0].difference
    alone = paired_bootstrap(np.concatenate(good), poor)
    assert (gap.value, gap.low, gap.high) == pytest.approx((alone.value, alone.low, alone.high))
    assert compared.versus[0].p_randomisation == randomisation(np.concatenate(good), poor)
    f1 = [
        score_entities((s.entities for s in gold), f, "").overall.f1
        for f in (system(gold, 0.9, 1), system(gold, 0.85, 2))
    ]
    assert compared.f1[0].value == pytest.approx(np.mean(f1))


def test_sentences_are_the_units_where_there_are_no_documents(gold: list[Sentence]) -> None:
    loose = [sentence.replace(document=None) for sentence in gold]
    groups = [Group("a", [system(gold, 0.9, 1)]), Group("b", [system(gold, 0.5, 3)])]
    found = compare_systems(loose, groups)
    assert (found.unit, found.units) == ("sentences", len(gold))


def test_p_values_are_corrected_for_all_comparisons(compared: SystemComparison) -> None:
    poor, same = compared.versus
    raw = [poor.difference.p, same.difference.p]
    assert [poor.corrected, same.corrected] == holm(raw)
    assert poor.corrected < 0.05 < same.corrected
    assert poor.corrected_randomisation < 0.01 < 0.05 < same.corrected_randomisation


def test_kinds_that_differ_most_come_first(compared: SystemComparison) -> None:
    kinds = [(bucket.family, bucket.name) for bucket in compared.standing_out(0, 3)]
    assert ("type", "PER") in kinds
    of_type = {b.name: b for b in compared.buckets if b.family == "type"}
    assert abs(of_type["LOC"].differences[0].value) < 10 < of_type["PER"].differences[0].value
    assert of_type["PER"].gold == 2 * of_type["LOC"].gold
    assert all(bucket.gold >= 10 for bucket in compared.standing_out(0, 100))
    assert ("form in training", "unseen") in {(b.family, b.name) for b in compared.buckets}


def test_no_system_finds_anything(gold: list[Sentence]) -> None:
    nothing: Found = [() for _ in gold]
    bare = [sentence.replace(entities=()) for sentence in gold]
    found = compare_systems(bare, [Group("a", [nothing]), Group("b", [nothing])])
    assert found.f1[0].value == found.versus[0].difference.value == 0
    assert found.versus[0].corrected == 1
    assert "0</span> of 0 sentences" in comparison_page("t", bare, [Group("a", [nothing])] * 1)


def test_a_page_shows_what_differs_with_a_row_for_each_training(gold: list[Sentence]) -> None:
    right = [sentence.entities for sentence in gold]
    less: Found = [*right]
    less[4] = (Entity(0, 1, "PER"), Entity(2, 3, "LOC"), Entity(4, 6, "LOC"))
    page = comparison_page("t", gold, [Group("a", [right, right]), Group("b", [less])])
    assert page.count("<article ") == 1
    assert "<h2>5</h2>" in page
    assert "right: PER &#x27;Bo&#x27; by a 1, a 2; not by b" in page
    assert "wrong: LOC &#x27;Bo&#x27; by b; not by a 1, a 2" in page
    assert [page.count(f'data-row="{row}"') for row in ("a 1", "a 2", "b", "gold")] == [3, 3, 3, 3]
    assert page.count("stroke-dasharray") >= 4
    assert ">a 1 right (1)</option>" in page and ">b wrong (1)</option>" in page


def test_names_and_paths(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.jsonl"
    odd.touch()
    found = groups_of(["x.jsonl", "ours=r1,r2", str(odd)])
    assert found == {"x.jsonl": ["x.jsonl"], "ours": ["r1", "r2"], str(odd): [str(odd)]}
    for wrong, said in (
        (["a"], "two systems or more, got 1"),
        (["a=x", "a=y"], "'a' twice"),
        (["a=x,", "b"], "NAME=PATH,PATH or a path, got 'a=x,'"),
        (["=x", "b"], "got '=x'"),
    ):
        with pytest.raises(InputError, match=said):
            groups_of(wrong)
