"""The README.md of a run folder."""

import json
from pathlib import Path

from synner_graph.training.card import model_card


def test_a_card_tells_scores_and_settings(trained_run: Path) -> None:
    metrics = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    card = model_card(metrics)
    score = metrics["test"]["overall"]
    assert (
        f"| test | {score['precision']:.2f} | {score['recall']:.2f} | {score['f1']:.2f} |" in card
    )
    assert "# syn-lstm + gcn + crf" in card and "with seed 42" in card
    assert f"Signature of the scores on test: `{metrics['signatures']['test']}`" in card
    for split in ("dev", "test"):
        del metrics[split]
    assert "Not evaluated: the corpus had no dev or test split." in model_card(metrics)
