"""Both sides do the work they are said to do, and what is reported adds up."""

import json
import time
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from synner_graph.benchmarking import workload as work
from synner_graph.benchmarking.end_to_end import (
    measure,
    names_of,
    outside_encoder_and_optimiser,
    side_named,
    to_json,
)
from synner_graph.benchmarking.ours import Ours, Unsorted
from synner_graph.benchmarking.workload import Workload
from synner_graph.errors import InputError
from synner_graph.recogniser.new import new_recogniser

LEARNING = {"collate", "graph", "encoder", "orthography", "gnn", "recurrent", "head"}


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LEARNED", 2)


@pytest.fixture
def workload(tiny_transformer: Path) -> Workload:
    return Workload("train", "sample", None, str(tiny_transformer), "crf", 20, 8, 1)


@pytest.mark.parametrize("head", ["crf", "span"])
@pytest.mark.slow
def test_training_is_measured_by_part(workload: Workload, head: str) -> None:
    workload = replace(workload, head=head)
    started = time.perf_counter()
    outcomes = measure(workload, rounds=2, memory=False)
    whole = time.perf_counter() - started
    ours, plain = outcomes["synner"], outcomes["plain"]
    assert ours.parts.keys() == LEARNING | {"optimiser", "other"}
    assert plain.parts.keys() == {"collate", "encoder", "optimiser"}
    assert ours.seconds + plain.seconds < whole
    for outcome in outcomes.values():
        assert sum(outcome.parts.values()) == pytest.approx(outcome.seconds)
        assert all(seconds > 0 for seconds in outcome.parts.values())
        assert outcome.sentences_per_second == pytest.approx(40 / outcome.seconds)
        assert outcome.entities is None and outcome.peak_megabytes is None
    assert ours.padding == 0 < plain.padding < 1  # a BERT is read without padding


@pytest.mark.parametrize("head", ["crf", "span"])
def test_prediction_is_measured_by_part(workload: Workload, head: str) -> None:
    outcomes = measure(replace(workload, task="predict", head=head), rounds=1, memory=False)
    ours, plain = outcomes["synner"], outcomes["plain"]
    assert ours.parts.keys() == LEARNING | {"decode", "other"}
    assert plain.parts.keys() == {"collate", "encoder", "decode", "other"}
    for outcome in outcomes.values():
        assert sum(outcome.parts.values()) == pytest.approx(outcome.seconds)
        assert outcome.entities is not None


def test_raw_text_is_measured_beside_padded_batches(workload: Workload) -> None:
    workload = replace(workload, task="predict", raw=True)
    outcomes = measure(workload, rounds=1, memory=False)
    assert outcomes.keys() == {"synner", "unsorted"}
    for outcome in outcomes.values():
        assert outcome.parts.keys() == LEARNING | {"tokenise", "parse", "decode", "other"}
        assert sum(outcome.parts.values()) == pytest.approx(outcome.seconds)
    assert to_json(workload, 1, outcomes)["raw"]


def test_unsorted_batches_find_what_sorted_ones_find(workload: Workload) -> None:
    workload = replace(workload, task="predict", raw=True)
    ours, other = Ours(workload), Unsorted(workload)
    other.ner.model.load_state_dict(ours.ner.model.state_dict())
    for side in (ours, other):
        with side.clock.running("other"):
            side.predict(workload.to_predict)
    assert ours.entities == other.entities
    assert other.places > ours.places and other.pieces == ours.pieces


def test_the_parts_are_nearly_all_of_a_step(workload: Workload) -> None:
    side = Ours(workload)
    side.start_learning(3)
    sentences = workload.to_learn[:8]
    side.learn(sentences)
    started = time.perf_counter()
    with side.clock.running("optimiser"):
        side.learn(sentences)
    whole = time.perf_counter() - started
    assert sum(side.clock.seconds.values()) == pytest.approx(whole, rel=0.02)


def test_watching_changes_nothing(workload: Workload) -> None:
    sentences, device = workload.to_learn, torch.device("cpu")
    watched = Ours(workload).ner.model.eval()
    bare = new_recogniser(workload.config, sentences, "auto", device, "auto").model.eval()
    watched.load_state_dict(bare.state_dict())
    (found, gradients), (wanted, twins) = (
        (loss, torch.autograd.grad(loss, list(model.parameters())))
        for model in (watched, bare)
        for loss in [model(model.collator(sentences[:8]))]
    )
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(gradients, twins)


def test_both_sides_read_every_sentence_once(workload: Workload) -> None:
    for name in names_of(workload):
        read = [s.id for batch in side_named(name)(workload).batches() for s in batch]
        assert sorted(read) == sorted(s.id for s in workload.to_learn) and len(read) == 20


def test_document_context_is_measured_beside_sentence_context(workload: Workload) -> None:
    workload = replace(workload, context="document", window=30, sentences=60)
    outcomes = measure(workload, rounds=2, memory=False)
    assert list(outcomes) == ["document", "sentence"]
    assert 60 <= len(workload.to_learn) < 75, "the last document is whole"
    for outcome in outcomes.values():
        assert outcome.parts.keys() == LEARNING | {"optimiser", "other"}
        expected = 2 * len(workload.to_learn) / outcome.seconds
        assert outcome.sentences_per_second == pytest.approx(expected)
    document, sentence = outcomes.values()
    ratio = document.sentences_per_second / sentence.sentences_per_second
    assert to_json(workload, 2, outcomes)["ratios"]["sentences_per_second"] == pytest.approx(ratio)


def test_both_contexts_read_the_same_sentences(workload: Workload) -> None:
    workload = replace(workload, context="document", window=30, sentences=60)
    document, sentence = (side_named(name)(workload) for name in names_of(workload))
    assert document.ner.model.reads_documents and not sentence.ner.model.reads_documents
    texts = [sorted(s.text for b in side.batches() for s in b) for side in (document, sentence)]
    assert texts[0] == texts[1] == sorted(s.text for s in workload.to_learn)
    for batch in document.batches():  # parts of documents stay together, in order
        for before, after in pairwise(batch):
            if before.document is not None and before.document == after.document:
                number = [int(s.id.rpartition("-")[2]) for s in (before, after)]
                assert number[1] == number[0] + 1


def test_as_json(workload: Workload) -> None:
    outcomes = measure(workload, rounds=1, memory=False)
    outcomes = {n: replace(o, peak_megabytes=100.0) for n, o in outcomes.items()}
    found = json.loads(json.dumps(to_json(workload, 1, outcomes)))
    assert found.keys() == {
        *asdict(workload),
        *("tokens", "rounds", "torch", "ratios", "outside_encoder_and_optimiser"),
        *("synner", "plain"),
    }
    assert found["tokens"] == sum(map(len, workload.to_learn))
    ours, plain = found["synner"], found["plain"]
    speed = ours["sentences_per_second"] / plain["sentences_per_second"]
    assert found["ratios"] == {
        "sentences_per_second": pytest.approx(speed),
        "peak_megabytes": pytest.approx(1.0),
    }
    others = (LEARNING | {"other"}) - {"encoder"}
    share = sum(ours["parts"][part] for part in others) / ours["seconds"]
    assert outside_encoder_and_optimiser(outcomes["synner"]) == pytest.approx(share)


def test_the_plain_model_needs_a_transformer(workload: Workload) -> None:
    with pytest.raises(InputError, match="expected a transformer as encoder"):
        measure(replace(workload, encoder="characters"), rounds=1, memory=False)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["train", "predict"])
def test_memory_is_that_of_new_processes(workload: Workload, task: str) -> None:
    outcomes = measure(replace(workload, task=task), rounds=1)
    for outcome in outcomes.values():
        assert outcome.peak_megabytes is not None and outcome.peak_megabytes > 100
