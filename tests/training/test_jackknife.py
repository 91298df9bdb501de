"""Jackknifing: no parser parses what it learned from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator

from synner_graph import SynNER
from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import Tree
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate_trees
from synner_graph.training import jackknife as module
from synner_graph.training.checkpoint import Checkpoints
from synner_graph.training.jackknife import jackknife, split_documents, train_parser
from synner_graph.training.run import train
from tests.fixtures import building, tiny_config


@pytest.fixture
def config(tiny_transformer: Path) -> RunConfig:
    return tiny_config(
        tiny_transformer,
        parser__name="biaffine",
        parser__jackknife=3,
        parser__arc_size=8,
        parser__relation_size=4,
        training__epochs=1,
        training__batch_size=4,
    )


def test_parts_hold_every_row_once() -> None:
    sentences = [Sentence([str(row)]) for row in range(100)]
    for number, parts in ((7, 3), (6, 3), (3, 3), (100, 2)):
        found = split_documents(sentences[:number], parts, seed=1)
        assert len(found) == parts
        assert sorted(row for part in found for row in part) == list(range(number))
        sizes = [len(part) for part in found]
        assert max(sizes) - min(sizes) <= 1
    one, again, other = (split_documents(sentences[:50], 2, seed) for seed in (1, 1, 2))
    assert one == again != other
    with pytest.raises(InputError, match="a document for each of 4 parts, got 3"):
        split_documents(sentences[:3], 4, seed=1)


def test_documents_stay_in_one_part() -> None:
    sentences = [Sentence([str(row)], document=str(row // 3)) for row in range(30)]
    for part in split_documents(sentences, 4, seed=1):
        names = [sentences[row].document for row in part]
        assert all(names.count(name) == 3 for name in names)


def test_no_parser_has_seen_what_it_parses(
    config: RunConfig, small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = small_corpus.splits["train"][:20]
    learned: dict[int, set[str | None]] = {}
    parsed: list[tuple[int, set[str | None]]] = []

    def watched_training(config: RunConfig, rest: Sequence[Sentence], *rest_of: Any) -> SynNER:
        ner = train_parser(config, rest, *rest_of)
        learned[id(ner)] = {sentence.id for sentence in rest}
        give_trees = ner.trees

        def watched_trees(unseen: Sequence[Sentence]) -> list[Tree]:
            parsed.append((id(ner), {sentence.id for sentence in unseen}))
            assert not parsed[-1][1] & learned[id(ner)]
            return give_trees(unseen)

        monkeypatch.setattr(ner, "trees", watched_trees)
        return ner

    monkeypatch.setattr(module, "train_parser", watched_training)
    checkpoints = Checkpoints(tmp_path, Accelerator(cpu=True))
    found, note = jackknife(config, sentences, building(config), checkpoints, progress=False)
    assert len({ner for ner, _ in parsed}) == 3
    assert set.union(*(ids for _, ids in parsed)) == {sentence.id for sentence in sentences}
    assert all(len(learned[ner] | ids) == 20 for ner, ids in parsed)
    assert "trees of 3 parsers, each for a part that it did not learn from" in note
    assert [s.replace(heads=None, relations=None, extra=None) for s in found] == [
        s.replace(heads=None, relations=None, extra=None) for s in sentences
    ]
    assert all(len(sentence.roots) == 1 for sentence in found)


def test_a_parser_alone_learns(config: RunConfig, small_corpus: Corpus, tmp_path: Path) -> None:
    sentences = small_corpus.splits["train"][:12]
    scores = []
    for epochs in (1, 30):
        settings = config.training.model_copy(update={"epochs": epochs, "learning_rate": 0.01})
        longer = config.model_copy(update={"training": settings})
        checkpoints = Checkpoints(tmp_path, Accelerator(cpu=True))
        build = building(longer)
        ner = train_parser(longer, sentences, build, checkpoints, progress=False)
        scores.append(evaluate_trees(ner, sentences, "train").all.las)
    assert scores[1] > scores[0] + 10


def test_a_run_learns_entities_on_trees_as_it_will_parse(
    config: RunConfig, small_corpus: Corpus, tmp_path: Path
) -> None:
    train(config, small_corpus, tmp_path / "run", device="cpu", progress=False)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert any("train: trees of 3 parsers" in note for note in metrics["corpus"]["notes"])
    on_own = metrics["parser"]["entities_on_own_trees"]
    assert metrics["test"]["overall"] == on_own["test"]
    assert metrics["dev"]["overall"] == on_own["dev"]
    ner = SynNER.from_pretrained(tmp_path / "run")
    assert ner.parser_record.name == "biaffine"
    relations = {r for s in small_corpus.splits["train"] for r in s.relations or ()}
    assert set(ner.parser_record.relations) == relations
    log = (tmp_path / "run" / "train.log").read_text(encoding="utf-8")
    assert log.count("sentences, learned from 32") == 3
