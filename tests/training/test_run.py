"""Training: the loop, and what it leaves behind."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.parsers import PARSERS, Parser
from synner_graph.recogniser.precision import supported
from synner_graph.recogniser.synner import SynNER
from synner_graph.training import run as training
from synner_graph.training.run import train
from tests.fixtures import tiny_config


def test_leaves_a_complete_run(trained_run: Path) -> None:
    names = {path.name for path in trained_run.iterdir()}
    assert ("precision.json" in names) == (len(supported()) > 1)
    names.discard("precision.json")  # not every processor can measure another than float32
    assert names == {
        "README.md",
        "config.json",
        "encoder",
        "manifest.json",
        "metrics.json",
        "model.safetensors",
        "parser.json",
        "train.log",
        "vocabulary.json",
    }
    metrics = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["counts"]["train"]["sentences"] == 48
    assert metrics["seed"] == metrics["config"]["training"]["seed"] == 42
    assert metrics["versions"]["torch"] == torch.__version__
    assert [epoch["epoch"] for epoch in metrics["epochs"]] == list(range(1, 11))
    for split in ("dev", "test"):
        assert set(metrics[split]) == {"split", "overall", "macro", "per_type"}
    assert "epoch 10: loss" in (trained_run / "train.log").read_text(encoding="utf-8")
    assert "| test |" in (trained_run / "README.md").read_text(encoding="utf-8")


def test_reported_scores_are_those_of_the_saved_model(
    trained_run: Path, small_corpus: Corpus
) -> None:
    metrics = json.loads((trained_run / "metrics.json").read_text(encoding="utf-8"))
    ner = SynNER.from_pretrained(trained_run)
    assert evaluate(ner, small_corpus.splits["test"], "test").to_json() == metrics["test"]


def test_loss_falls(tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path) -> None:
    config = tiny_config(tiny_transformer, training__epochs=6)
    metrics, _ = train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    losses = [epoch["loss"] for epoch in metrics["epochs"]]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("head", ["crf", "span"])
def test_same_seed_same_run(
    head: str, tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(tiny_transformer, head__name=head, training__epochs=1)
    runs = [
        train(config, small_corpus, tmp_path / name, device="cpu", progress=False)[0]
        for name in ("one", "two")
    ]
    assert runs[0]["epochs"][0]["loss"] == runs[1]["epochs"][0]["loss"]
    assert runs[0]["test"] == runs[1]["test"]


def test_keeps_the_best_epoch(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    scores = iter([10.0, 30.0, 20.0, 30.0, 5.0])
    weights: list[bytes] = []

    def scored(ner: SynNER, *_: Any) -> dict[str, float]:
        ner.save_pretrained(tmp_path / "now")
        weights.append((tmp_path / "now" / "model.safetensors").read_bytes())
        return {"dev_f1": next(scores)}

    monkeypatch.setattr(training, "dev_scores", scored)
    config = tiny_config(tiny_transformer, training__epochs=9, training__patience=3)
    metrics, _ = train(config, small_corpus, folder, device="cpu", progress=False)
    assert [epoch["dev_f1"] for epoch in metrics["epochs"]] == [10.0, 30.0, 20.0, 30.0, 5.0]
    assert "No better dev F1 for 3 epochs: stopping" in (folder / "train.log").read_text("utf-8")
    saved = [
        n for n, w in enumerate(weights, 1) if w == (folder / "model.safetensors").read_bytes()
    ]
    assert saved == [2], "a tie is no gain"


def nested_corpus() -> Corpus:
    """Universities of cities: an ORG that ends, or begins, with a LOC."""
    rows = []
    for place in ("Paris", "Oslo", "Bonn", "Lima"):
        for verb in ("saw", "left", "likes"):
            outside = ["Ann", verb, "University", "of", place, "."]
            rows.append(Sentence(outside, entities=[Entity(2, 5, "ORG"), Entity(4, 5, "LOC")]))
            before = [place, "University", verb, "it"]
            rows.append(Sentence(before, entities=[Entity(0, 2, "ORG"), Entity(0, 1, "LOC")]))
            rows.append(Sentence(["He", verb, place], entities=[Entity(2, 3, "LOC")]))
    return Corpus("nested", {"train": tuple(rows), "dev": tuple(rows)}, "", "")


def test_nested_entities_are_learnt_and_scored_by_the_span_head(tmp_path: Path) -> None:
    config = tiny_config(
        "characters",
        head__name="span",
        head__decode="nested",
        gnn__name="none",
        recurrent__name="lstm",
        training__epochs=12,
    )
    folder = tmp_path / "run"
    metrics, _ = train(config, nested_corpus(), folder, device="cpu", progress=False)
    rows = nested_corpus().splits["dev"]
    assert metrics["dev"]["overall"]["gold"] == sum(len(s.entities) for s in rows) == 60
    assert metrics["dev"]["overall"]["f1"] > 90
    found = SynNER.from_pretrained(folder).predict(rows)
    both = [s for s in found if {(2, 5), (4, 5)} <= {(e.start, e.end) for e in s.entities}]
    assert len(both) > 6
    assert "--head.decode" not in (folder / "train.log").read_text(encoding="utf-8")


def test_a_flat_decoder_over_nested_entities_is_remarked_on(tmp_path: Path) -> None:
    config = tiny_config("characters", head__name="span", gnn__name="none", training__epochs=1)
    train(config, nested_corpus(), tmp_path / "run", device="cpu", progress=False)
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert "WARNING 24 training sentences have entities that share tokens, but --head.dec" in log


def test_nested_entities_are_refused_by_the_crf(tmp_path: Path) -> None:
    config = tiny_config("characters", gnn__name="none", training__epochs=1)
    with pytest.raises(InputError, match=r"CRF head cannot learn the sentence '.*': expected ent"):
        train(config, nested_corpus(), tmp_path / "run", device="cpu", progress=False)


def test_without_dev_the_last_epoch_is_kept(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    train_only = replace(small_corpus, splits={"train": small_corpus.splits["train"]})
    config = tiny_config(tiny_transformer)
    metrics, reports = train(config, train_only, tmp_path / "run", device="cpu", progress=False)
    assert reports == [] and "dev" not in metrics
    assert "no dev or test split" in (tmp_path / "run" / "README.md").read_text(encoding="utf-8")


def test_span_width_is_read_off_train_alone(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(tiny_transformer, head__name="span", training__epochs=1)
    metrics, _ = train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    widest = max(e.end - e.start for s in small_corpus.splits["train"] for e in s.entities)
    assert metrics["config"]["head"]["options"]["max_width"] == widest
    assert SynNER.from_pretrained(tmp_path / "run").config.head.options["max_width"] == widest


def test_a_summed_loss_is_the_mean_times_the_sentences(
    small_corpus: Corpus, tmp_path: Path
) -> None:
    """One batch, one step: sums at an eighth of the rate end where means do."""
    corpus = replace(small_corpus, splits={"train": small_corpus.splits["train"][:8]})
    losses = []
    for loss, rate in (("mean", 8e-3), ("sum", 1e-3)):
        config = tiny_config(
            "characters",
            training__loss=loss,
            training__learning_rate=rate,
            training__optimizer="sgd",
            training__clip_norm=0.0,
            training__warmup=0.0,
            training__weight_decay=0.0,
        )
        metrics, _ = train(config, corpus, tmp_path / loss, device="cpu", progress=False)
        losses.append([epoch["loss"] for epoch in metrics["epochs"]])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[0][1] < losses[0][0]


def test_refuses_a_corpus_without_entities(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    bare = [sentence.replace(entities=()) for sentence in small_corpus.splits["train"]]
    corpus = replace(small_corpus, splits={"train": tuple(bare)})
    with pytest.raises(InputError, match="no entities"):
        train(tiny_config(tiny_transformer), corpus, tmp_path / "run", progress=False)


def test_refuses_to_overwrite(tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    config = tiny_config(tiny_transformer)
    with pytest.raises(InputError, match="is not empty: name another, or use --overwrite"):
        train(config, small_corpus, tmp_path, progress=False)
    with pytest.raises(InputError, match="does not look like a run"):
        train(config, small_corpus, tmp_path, progress=False, overwrite=True)
    assert (tmp_path / "precious.txt").read_text(encoding="utf-8") == "mine"


def test_refuses_a_loss_that_is_not_finite(
    tiny_transformer: Path,
    small_corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from synner_graph.heads import CRFHead

    monkeypatch.setattr(CRFHead, "loss", lambda self, h, *rest: h.sum() * math.nan)
    with pytest.raises(InputError, match="lower the learning rates"):
        train(tiny_config(tiny_transformer), small_corpus, tmp_path / "run", progress=False)


class TestParser:
    def test_another_parser_parses_the_corpus(
        self,
        tiny_transformer: Path,
        small_corpus: Corpus,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        class Chain(Parser):
            name, version, relations = "chain", "1", ("next", "root")

            def __init__(self, argument: str = "") -> None:
                pass

            def trees(self, sentences: Sequence[Sentence]) -> list[Tree]:
                sizes = map(len, sentences)
                return [(range(-1, n - 1), ["root", *["next"] * (n - 1)]) for n in sizes]

        monkeypatch.setitem(PARSERS, "chain", Chain)
        config = tiny_config(tiny_transformer, parser__name="chain:1", training__epochs=1)
        metrics, reports = train(config, small_corpus, tmp_path / "run", progress=False)
        ner = SynNER.from_pretrained(tmp_path / "run")
        assert ner.parser_record == Chain().record
        assert set(ner.vocabularies.relations.names) == {"next", "root"}
        assert metrics["parser"] == Chain().record.to_json()
        assert "trees of chain 1 in place of the corpus's own" in metrics["corpus"]["notes"]
        log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
        assert "Read with trees of chain 1 in place of the corpus's own" in log
        assert [report.unknown_relations for report in reports] == [{}, {}]
        parsed = Chain().parse(small_corpus.splits["test"])
        assert evaluate(ner, parsed, "test").to_json() == metrics["test"]

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"parser__name": "biafine"}, "Unknown parser 'biafine'. Did you mean 'biaffine'"),
            ({"parser__name": "run"}, "A new run has no parser yet"),
            ({"parser__name": "stanza:en", "data__shuffle": "heads"}, "leave parser.name at trees"),
            (
                {"parser__name": "biaffine", "encoder__relation_size": 3},
                "cannot read the relations that it is to find",
            ),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self,
        settings: dict[str, Any],
        message: str,
        tiny_transformer: Path,
        small_corpus: Corpus,
        tmp_path: Path,
    ) -> None:
        with pytest.raises(InputError, match=message):
            config = tiny_config(tiny_transformer, **settings)
            train(config, small_corpus, tmp_path / "run", progress=False)
        assert not (tmp_path / "run").exists()


def test_the_epoch_that_is_kept_has_the_best_entities_on_own_trees(
    tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    own = {"parser__name": "biaffine", "parser__arc_size": 16, "parser__relation_size": 8}
    config = tiny_config(tiny_transformer, training__epochs=10, **own)
    metrics, _ = train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    epochs = metrics["epochs"]
    best = max(epoch["dev_f1_own_trees"] for epoch in epochs)
    assert metrics["parser"]["entities_on_own_trees"]["dev"]["f1"] == best > 0
    kept = next(epoch for epoch in epochs if epoch["dev_f1_own_trees"] == best)
    assert metrics["parser"]["trees"]["dev"]["all"]["las"] == kept["dev_las"]


@pytest.mark.parametrize("jackknife", [None, 2])
def test_documents_are_learned_in_parts(
    jackknife: int | None, tiny_transformer: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    config = tiny_config(
        tiny_transformer,
        encoder__context="document",
        encoder__window=30,
        training__part_tokens=40,
        gnn__edges=["head-dependent", "dependent-head", "next-sentence", "same-form"],
        parser__name="biaffine",
        parser__arc_size=8,
        parser__relation_size=4,
        parser__jackknife=jackknife,
    )
    splits = {
        split: tuple(s.replace(document=str(row // 5)) for row, s in enumerate(rows))
        for split, rows in small_corpus.splits.items()
    }
    corpus = replace(small_corpus, splits=splits)
    metrics, _ = train(config, corpus, tmp_path / "run", device="cpu", progress=False)
    ner = SynNER.from_pretrained(tmp_path / "run")
    test = splits["test"] if jackknife is None else [s.without_tree() for s in splits["test"]]
    assert evaluate(ner, test, "test").to_json() == metrics["test"]
    assert metrics["parser"]["trees"]["test"]["all"]["tokens"] > 0
