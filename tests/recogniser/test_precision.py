"""Precisions of a recogniser: chosen, refused, measured, stored."""

import json
import shutil
from pathlib import Path
from threading import Lock

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.encoders.precision import BFLOAT16, FLOAT32, INT8
from synner_graph.errors import InputError
from synner_graph.evaluation.precision import f1_by_precision, in_precision
from synner_graph.recogniser import precision as chosen
from synner_graph.recogniser.precision import choose_precision, fastest, obstacle

ALL = {FLOAT32: 80.0, BFLOAT16: 79.9, INT8: 79.85}


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with all instructions."""
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(chosen, "_said", set())


@pytest.fixture
def unable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without any."""
    for name in ("_is_vnni_supported", "_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    monkeypatch.setattr(chosen, "_said", set())


@pytest.mark.parametrize(
    "f1, expected, why",
    [
        (ALL, BFLOAT16, "F1 on dev 79.90, in float32 80.00"),
        (ALL | {BFLOAT16: 79.7}, INT8, "F1 on dev 79.85"),
        (ALL | {INT8: 79.7, BFLOAT16: 70.0}, FLOAT32, "70.00 in bfloat16, 79.70 in int8"),
        ({}, FLOAT32, "calibrate measures it"),
        ({INT8: 90.0}, FLOAT32, "calibrate measures it"),
    ],
)
def test_auto_goes_by_dev_and_says_so_once(
    able: None, caplog: pytest.LogCaptureFixture, f1: dict[str, float], expected: str, why: str
) -> None:
    with caplog.at_level("INFO"):
        assert choose_precision("auto", "cpu", f1) == expected
        assert choose_precision("auto", "cpu", f1) == expected
    assert len(caplog.messages) == 1 and why in caplog.text and expected in caplog.text


def test_auto_goes_by_the_processor(unable: None) -> None:
    assert choose_precision("auto", "cpu", ALL) == fastest("auto") == FLOAT32
    assert obstacle(FLOAT32) is None


def test_what_a_processor_lacks_is_refused(unable: None) -> None:
    with pytest.raises(InputError, match=r"int8 needs a CPU with AVX-512 VNNI.*choose float32"):
        choose_precision(INT8, "cpu", ALL)
    with pytest.raises(InputError, match="bfloat16 needs a CPU with bfloat16"):
        fastest(BFLOAT16)
    with pytest.raises(InputError, match=r"Unknown precision 'int9'.*int8"):
        choose_precision("int9", "cpu", ALL)


def test_int8_is_for_processors(able: None) -> None:
    with pytest.raises(InputError, match="int8 needs a CPU"):
        choose_precision(INT8, "cuda", ALL)


@pytest.mark.parametrize("precision", [BFLOAT16, INT8])
def test_a_run_predicts_in_less(
    able: None, trained_run: Path, small_corpus: Corpus, tmp_path: Path, precision: str
) -> None:
    dev = small_corpus.splits["dev"]
    plain = SynNER.from_pretrained(trained_run)
    plain.model.encoder.open_file = Lock()  # what cannot be copied
    before = plain.predict(dev)
    ner = SynNER.from_pretrained(trained_run, precision=precision)
    assert ner.precision == precision
    after = ner.predict(dev)
    scores = [[e.score for s in found for e in s.entities] for found in (before, after)]
    assert scores[0] and scores[0] != scores[1]
    both = [set(a.entities) & set(b.entities) for a, b in zip(before, after, strict=True)]
    assert sum(map(len, both)) >= 0.9 * len(scores[0])
    with pytest.raises(InputError, match=f"load the run again for {FLOAT32}"):
        ner.compute_in(FLOAT32)
    with pytest.raises(InputError, match=f"saved in float32, and this one is in {precision}"):
        ner.save_pretrained(tmp_path / "run")
    with in_precision(plain, precision) as possible:
        assert possible and plain.predict(dev) == after
    assert plain.predict(dev) == before


def test_training_stores_what_dev_said(
    trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained_run, tmp_path / "run"))
    ner = SynNER.from_pretrained(run)
    measured = f1_by_precision(ner, small_corpus.splits["dev"])
    assert dict(ner.f1_by_precision) == measured
    stored = run / "precision.json"
    assert stored.exists() == bool(measured)
    ner.f1_by_precision = ALL
    ner.save_measured(run)
    assert json.loads(stored.read_bytes()) == ALL
    assert SynNER.from_pretrained(run).f1_by_precision == ALL
    ner.save_pretrained(tmp_path / "again")
    assert SynNER.from_pretrained(tmp_path / "again").f1_by_precision == ALL
