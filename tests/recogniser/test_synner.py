"""SynNER: saving, loading, predicting."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from synner_graph import SynNER
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.parsers import ParserRecord


@pytest.fixture
def copy(trained_run: Path, tmp_path: Path) -> Path:
    """A copy of the run as runs were before they had a manifest, to damage."""
    copy = Path(shutil.copytree(trained_run, tmp_path / "copy"))
    (copy / "manifest.json").unlink()
    return copy


def test_a_saved_model_is_the_same_model(
    trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    ner = SynNER.from_pretrained(trained_run)
    ner.save_pretrained(tmp_path / "again")
    again = SynNER.from_pretrained(tmp_path / "again")
    state = ner.model.state_dict()
    assert state.keys() == again.model.state_dict().keys()
    for name, tensor in again.model.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    before, after = (n.predict(small_corpus.splits["test"]) for n in (ner, again))
    assert before == after
    assert [[e.score for e in s.entities] for s in before] == [
        [e.score for e in s.entities] for s in after
    ]


def test_nothing_is_pickled(trained_run: Path) -> None:
    suffixes = {path.suffix for path in trained_run.rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".safetensors", ".md", ".log", ".txt"}


@pytest.mark.parametrize("backend", ["dgl", "torch"])
def test_predicts_in_order_whatever_the_batches(
    backend: str, trained_run: Path, small_corpus: Corpus
) -> None:
    if backend == "dgl":
        pytest.importorskip("dgl")
    ner = SynNER.from_pretrained(trained_run, backend=backend)
    sentences = small_corpus.splits["test"]
    together = ner.predict(sentences)
    assert [s.tokens for s in together] == [s.tokens for s in sentences]
    assert together == ner.predict(sentences, batch_size=1)
    assert together == list(ner.stream(sentences, batch_size=3, window=2))
    scores = [entity.score for sentence in together for entity in sentence.entities]
    assert scores and all(score is not None and 0 < score <= 1 for score in scores)


def test_streams(trained_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(trained_run)
    read: list[int] = []

    def endless():
        while True:
            read.append(1)
            yield small_corpus.splits["test"][len(read) % 5]

    stream = ner.stream(endless(), batch_size=2, window=3)
    next(stream)
    assert len(read) == 6


def test_predicting_nothing(trained_run: Path) -> None:
    assert SynNER.from_pretrained(trained_run).predict([]) == []


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocabulary.json"])
def test_a_missing_file_is_named(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"is not a complete run: it has no {name}"):
        SynNER.from_pretrained(copy)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no run folder"):
        SynNER.from_pretrained(tmp_path / "nowhere")


def test_an_unreachable_hub_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="neither a run folder nor a reachable hub repository"):
        SynNER.from_pretrained("nobody/nothing")


def test_unknown_setting_in_a_saved_config(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config["gnn"]["sise"] = 3
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(InputError, match=r"'gnn\.sise' does not exist"):
        SynNER.from_pretrained(copy)


def test_weights_of_another_architecture(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    config["recurrent"]["options"]["size"] += 1
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(InputError, match=r"do not fit its config\.json"):
        SynNER.from_pretrained(copy)


def test_damaged_weights(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(InputError, match="cannot be read"):
        SynNER.from_pretrained(copy)


def test_a_label_that_the_model_never_saw(trained_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(trained_run)
    sentence = small_corpus.splits["test"][0].replace(entities=(Entity(0, 1, "EVENT"),))
    report = evaluate(ner, [sentence], "test")
    assert report.unknown_labels == {"EVENT": 1}
    assert (report.overall.gold, report.overall.correct) == (1, 0)


def test_a_run_from_before_layers_had_options_is_the_same_model(
    copy: Path, small_corpus: Corpus
) -> None:
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    names = ("name", "layers", "size", "dropout", "edges")
    config["gnn"] = {name: config["gnn"][name] for name in names}
    before = SynNER.from_pretrained(copy).predict(small_corpus.splits["test"])
    (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ner = SynNER.from_pretrained(copy)
    assert ner.predict(small_corpus.splits["test"]) == before
    assert [n for n, _ in ner.model.gnn.named_parameters()] == [
        f"layers.{i}.linear.{part}" for i in range(2) for part in ("weight", "bias")
    ]


def test_a_run_keeps_where_its_trees_came_from(copy: Path) -> None:
    ner = SynNER.from_pretrained(copy)
    assert ner.parser_record.name == "trees"
    assert ner.parser_record.relations == tuple(sorted(ner.vocabularies.relations.names))
    ner.parser_record = ParserRecord("spacy:a", "1.2", ("x", "y"))
    ner.save_pretrained(copy)
    assert SynNER.from_pretrained(copy).parser_record == ner.parser_record
    (copy / "manifest.json").unlink()
    (copy / "parser.json").unlink()  # as runs were before parsers
    assert SynNER.from_pretrained(copy).parser_record.name == "trees"
    (copy / "parser.json").write_text('{"name": "spacy:a"}', encoding="utf-8")
    with pytest.raises(InputError, match="'version' is missing"):
        SynNER.from_pretrained(copy)


def test_unknown_relations_are_counted(trained_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(trained_run)
    sentences = list(small_corpus.splits["test"][:3])
    known = sentences[0].relations
    assert known is not None
    sentences[0] = sentences[0].replace(relations=("nsubj:new", "other", *known[2:]))
    sentences[1] = sentences[1].replace(relations=("other", *(sentences[1].relations or ())[1:]))
    report = evaluate(ner, sentences, "test")
    assert report.unknown_relations == {"other": 2, "nsubj:new": 1}
    assert list(report.unknown_relations) == ["other", "nsubj:new"]
