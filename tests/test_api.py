"""`train`, `compare` and `combine` on plain values."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from synner_graph import Entity, InputError, Sentence, SynNER, combine, compare, train
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from synner_graph.evaluation.scores import score_entities

WORDS = ("Ann", "met", "Bob", "in", "Rome")
ANN, BOB, ROME = Entity(0, 1, "PER"), Entity(2, 3, "PER"), Entity(4, 5, "LOC")


def found(*entities: Entity, sentences: int = 12) -> list[Sentence]:
    return [Sentence(WORDS, entities=entities)] * sentences


GOLD = found(ANN, BOB, ROME)


def test_training_by_names_is_that_of_the_command(small_corpus: Corpus, tmp_path: Path) -> None:
    for split in ("train", "dev"):
        write_sentences(tmp_path / f"{split}.conllu", small_corpus.splits[split])
    config = tmp_path / "settings.toml"
    config.write_text('[encoder]\nname = "lexical"\n[training]\nepochs = 7\n')
    settings = {
        "data.train": tmp_path / "train.conllu",
        "data.dev": tmp_path / "dev.conllu",
        "training.epochs": 1,
    }
    output = tmp_path / "run"
    metrics = train(output, settings, config, device="cpu", progress=False)
    assert json.loads((output / "metrics.json").read_text()) == metrics
    assert len(metrics["epochs"]) == 1
    assert metrics["config"]["encoder"]["name"] == "lexical"
    assert SynNER.from_pretrained(output).labels
    with pytest.raises(InputError, match="overwrite"):
        train(output, settings, config, progress=False)
    with pytest.raises(InputError, match=r"gnn\.layer"):
        train(tmp_path / "other", {"gnn.layer": 3})


def test_systems_are_compared_with_the_first() -> None:
    one, two = found(ANN, BOB, ROME), found(ANN, BOB)
    comparison = compare(GOLD, {"all": one, "fewer": two, "twice": [one, two]}, train=GOLD)
    assert list(comparison.names) == ["all", "fewer", "twice"]
    assert list(comparison.trainings) == [1, 1, 2]
    expected = score_entities(
        [s.entities for s in GOLD], [s.entities for s in two], "test"
    ).overall.f1
    assert comparison.f1[1].value == pytest.approx(expected)
    assert comparison.versus[0].difference.value == pytest.approx(100 - expected)
    assert any("seen" in bucket.name for bucket in comparison.buckets)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="expected two systems or more, got 1"):
        compare(GOLD, {"a": GOLD})
    with pytest.raises(InputError, match="b: expected 12 sentences, got 3"):
        compare(GOLD, {"a": GOLD, "b": found(sentences=3)})
    others = [*GOLD[:-1], Sentence(("Ann", "met", "Eve", "in", "Rome"))]
    with pytest.raises(InputError, match="b: expected token 3 of sentence 12 to be 'Bob', got"):
        compare(GOLD, {"a": GOLD, "b": [GOLD, others]})
    with pytest.raises(InputError, match="b: expected what it found, got nothing"):
        compare(GOLD, {"a": GOLD, "b": []})


def test_votes_are_counted() -> None:
    systems = {"a": found(ANN, ROME), "b": found(ANN, BOB), "c": found(ANN)}
    together = combine(systems)
    assert [s.entities for s in together] == [(ANN,)] * 12
    assert together[0].entities[0].score == 1
    # The only system that is right outvotes two that find little.
    dev = {"c": found(ANN), "b": found(ANN), "a": GOLD}  # in an order of its own
    found_by_a = {"a": found(ANN, BOB, ROME), "b": found(ANN), "c": found(ANN)}
    weighted = combine(found_by_a, "weighted", dev=dev, gold_dev=GOLD)
    votes = combine(found_by_a, "majority")
    assert [s.entities for s in votes] == [(ANN,)] * 12
    assert [s.entities for s in weighted] == [(ANN,)] * 12  # 100 against 50 and 50: a tie
    dev["c"] = found(Entity(1, 2, "LOC"))
    weighted = combine(found_by_a, "weighted", dev=dev, gold_dev=GOLD)
    assert [s.entities for s in weighted] == [(ANN, BOB, ROME)] * 12


def test_means_are_of_candidates() -> None:
    def sure(score: float) -> list[Sentence]:
        likely = (replace(ANN, score=score),)
        return [s.replace(candidates=likely) for s in found()]

    (first, *_) = combine({"a": sure(0.9), "b": sure(0.3)}, "mean")
    assert first.entities == (ANN,) and first.entities[0].score == pytest.approx(0.6)
    assert first.candidates is None
    with pytest.raises(InputError, match="b"):
        combine({"a": sure(0.9), "b": found(ANN)}, "mean")


def test_a_span_model_judges(parsing_run: Path, small_corpus: Corpus) -> None:
    judge = SynNER.from_pretrained(parsing_run)
    sentences = small_corpus.splits["test"]
    systems = {"gold": sentences, "model": judge.predict(sentences)}
    together = combine(systems, "span", judge=judge)
    assert [s.tokens for s in together] == [s.tokens for s in sentences]
    gold = list(small_corpus.splits["dev"])
    dev = {"gold": gold, "model": judge.predict(gold)}
    calibrated = combine(systems, "span", judge=judge, dev=dev, gold_dev=gold, calibrate=True)
    assert [s.entities for s in calibrated] == [s.entities for s in together]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "majorty"}, "majority"),
        ({"method": "span"}, "judge=SynNER"),
        ({"method": "weighted"}, "weighs systems by their F1"),
        ({"dev": {"a": GOLD, "b": GOLD}}, "expected dev and gold_dev together"),
        (
            {"dev": {"a": GOLD, "b": GOLD}, "gold_dev": GOLD},
            "learns nothing from dev and gold_dev: say calibrate=True",
        ),
        (
            {"method": "weighted", "dev": {"a": GOLD}, "gold_dev": GOLD},
            "expected a, b on dev, got a",
        ),
    ],
)
def test_what_cannot_be_combined_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        combine({"a": GOLD, "b": GOLD}, **arguments)
    with pytest.raises(InputError, match="two systems or more"):
        combine({"a": GOLD})
