"""Calibration: temperatures, the error they lower, and what they leave alone."""

import copy
import random
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.errors import InputError
from synner_graph.evaluation.calibration import ScoredSplit, calibrate, calibration_error, minimum
from synner_graph.heads import CRFHead, SpanHead
from tests.fixtures import random_sentence

OFFSETS = torch.tensor([0, 3, 4, 11])
LABELS = ("LOC", "PER")


def crf() -> CRFHead:
    head = CRFHead(5, LABELS, dropout=0.0)
    torch.nn.init.normal_(head.transitions)
    return head


def span() -> SpanHead:
    head = SpanHead(5, LABELS, max_width=3, hidden_size=7, dropout=0.0)
    torch.nn.init.normal_(head.classify.weight)
    return head


@pytest.mark.parametrize("make", [crf, span])
@pytest.mark.parametrize("temperature", [0.4, 1.7])
def test_a_temperature_is_what_dividing_all_scores_would_be(make, temperature: float) -> None:
    head, h = make(), torch.randn(11, 5)
    divided = copy.deepcopy(head)
    linear = [divided.emission if isinstance(divided, CRFHead) else divided.classify]
    parts = [p for layer in linear for p in layer.parameters()]
    if isinstance(divided, CRFHead):
        parts += [divided.transitions, divided.start, divided.end]
    with torch.no_grad():
        for parameter in parts:
            parameter /= temperature
    plain = head.decode(h, OFFSETS)
    head.temperature = temperature
    found, wanted = head.decode(h, OFFSETS), divided.decode(h, OFFSETS)
    assert found == wanted == plain and sum(map(len, found)) > 0

    def scores(entities):
        return [entity.score for row in entities for entity in row]

    assert scores(found) == pytest.approx(scores(wanted), rel=1e-5)
    assert scores(found) != pytest.approx(scores(plain), rel=1e-2)
    entity = found[2][0]
    logarithm = head.log_probability(h[4:11], entity)
    assert logarithm.exp().item() == pytest.approx(entity.score, rel=1e-5)


def test_greedy_decoding_chooses_at_temperature_one() -> None:
    head = SpanHead(5, LABELS, max_width=4, hidden_size=7, dropout=0.0, decode="greedy")
    torch.nn.init.normal_(head.classify.weight, std=3.0)
    h = torch.randn(40, 5)
    offsets = torch.tensor([0, 40])
    plain = head.decode(h, offsets)
    for head.temperature in (0.1, 10.0):
        assert head.decode(h, offsets) == plain


def test_the_error_by_hand() -> None:
    scores = torch.tensor([0.91, 0.99, 0.95, 0.15, 0.5, 1.0])
    right = torch.tensor([True, False, True, False, True, True])
    gaps = [abs(0.91 + 0.99 + 0.95 + 1.0 - 3), 0.15, 0.5]
    assert calibration_error(scores, right) == pytest.approx(sum(gaps) / 6)
    assert calibration_error(torch.ones(3), torch.ones(3, dtype=torch.bool)) == 0


def test_scores_that_are_chances_have_no_error() -> None:
    scores = torch.rand(100_000)
    right = torch.rand(100_000) < scores
    assert calibration_error(scores, right) < 0.01
    assert calibration_error(scores**3, right) > 0.1


def test_minimum() -> None:
    assert minimum(lambda x: (x - 1.25) ** 2, -3, 3) == pytest.approx(1.25, abs=1e-4)


def test_calibrating_makes_right_and_wrong_likelier(
    trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    ner = SynNER.from_pretrained(trained_run, backend="torch", kernel="naive")
    dev, test = small_corpus.splits["dev"], small_corpus.splits["test"]
    plain = ner.predict(test)
    chosen = calibrate(ner, {"dev": dev, "test": test})
    scored = ScoredSplit(ner, dev)
    around = [scored.loss(chosen.temperature * factor) for factor in (0.8, 1.0, 1.25)]
    assert around[1] == min(around) <= scored.loss(1.0)
    assert chosen.splits["dev"] == scored.reliability(chosen.temperature)
    assert ner.calibration is None and ner.model.head.temperature == 1

    ner.calibration = chosen
    ner.save_pretrained(tmp_path)
    again = SynNER.from_pretrained(tmp_path, backend="torch", kernel="naive")
    assert again.calibration == chosen
    found = again.predict(test)
    assert found == plain
    pairs = [
        (a.score, b.score)
        for x, y in zip(plain, found, strict=True)
        for a, b in zip(x.entities, y.entities, strict=True)
    ]
    assert pairs and all(a != b for a, b in pairs) is (chosen.temperature != 1)


def test_nothing_found_is_nothing_to_calibrate_on(text_run: Path) -> None:
    ner = SynNER.from_pretrained(text_run, backend="torch", kernel="naive")
    ner.model.head.decode = lambda h, offsets, *_: [[] for _ in offsets[1:]]  # type: ignore[method-assign]
    with pytest.raises(InputError, match="finds no entity in the dev split"):
        calibrate(ner, {"dev": [random_sentence(random.Random(0), 5)]})
