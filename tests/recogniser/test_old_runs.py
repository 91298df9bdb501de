"""Runs saved before run folders had a manifest, and before the rooms of the package were these."""

import json
from pathlib import Path

import pytest

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import load_corpus
from synner_graph.evaluation.evaluate import evaluate

FOLDER = Path(__file__).parent / "old_runs"


@pytest.mark.parametrize("name", ["crf", "span"])
def test_an_old_run_gives_the_same_digits(name: str) -> None:
    wanted = json.loads((FOLDER / f"{name}.expected.json").read_text(encoding="utf-8"))
    ner = SynNER.from_pretrained(FOLDER / name, backend="torch", kernel="naive")
    sentences = load_corpus("sample").splits["test"][:16]
    scores = evaluate(ner, sentences, "test").to_json()
    assert {name: scores[name] for name in wanted["test"]} == wanted["test"]
    for sentence, entities in zip(ner.predict(sentences), wanted["entities"], strict=True):
        found = [[e.start, e.end, e.label] for e in sentence.entities]
        assert found == [entity[:3] for entity in entities]
        confidences = [e.score for e in sentence.entities]
        assert confidences == pytest.approx([entity[3] for entity in entities], abs=1e-6)
