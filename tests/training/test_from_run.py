"""Going on from a run: what is kept, what is new, what is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synner_graph import SynNER
from synner_graph.config import RunConfig, nested
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.recogniser.continued import settings_of
from synner_graph.recogniser.run_folder import RunFolder
from synner_graph.recogniser.settings import Place, combine
from synner_graph.training import run as training
from synner_graph.training.run import train
from tests.fixtures import outcome, tiny_config


def on(run: Path, **overrides: Any) -> RunConfig:
    """The settings of `train --from RUN` with overrides."""
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    dotted = {"training.epochs": 1, "training.from_run": str(run)} | dotted
    places = (Place("run", nested(settings_of(str(run))), shared=True), Place("t", nested(dotted)))
    return combine(places)[0]


@pytest.fixture
def dishes(small_corpus: Corpus) -> Corpus:
    """Sentences with the type DISH beside one that is known."""
    rows = [
        s.replace(entities=[Entity(0, 1, "DISH"), Entity(1, 2, "LOC")])
        for s in small_corpus.splits["train"]
        if len(s) > 2
    ]
    return replace(small_corpus, splits={"train": tuple(rows[:12]), "dev": tuple(rows[:4])})


def test_a_run_goes_on_and_learns_a_new_label(
    trained_run: Path, dishes: Corpus, tmp_path: Path
) -> None:
    config = on(trained_run, training__epochs=3, training__batch_size=2)
    metrics, _ = train(config, dishes, tmp_path / "on", device="cpu", progress=False)
    before, now = (SynNER.from_pretrained(p) for p in (trained_run, tmp_path / "on"))
    assert now.labels == tuple(sorted({*before.labels, "DISH"}))
    losses = [epoch["loss"] for epoch in metrics["epochs"]]
    assert losses[-1] < losses[0]
    known = before.vocabularies.characters.names
    assert now.vocabularies.characters.names[: len(known)] == known
    assert metrics["config"]["training"]["from_run"] == str(trained_run)
    assert metrics["config"]["gnn"] == tiny_gnn(trained_run)
    log = (tmp_path / "on" / "train.log").read_text(encoding="utf-8")
    assert "labels LOC, MISC, ORG, PER; new: DISH" in log
    assert "the training split has no MISC, ORG, PER: the model unlearns" in log


def tiny_gnn(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "config.json").read_text(encoding="utf-8"))["gnn"]
    return found


def test_nothing_is_learned_anew(trained_run: Path, small_corpus: Corpus, tmp_path: Path) -> None:
    """At learning rates of almost nothing the model of before comes out."""
    still = {"training__learning_rate": 1e-12, "training__encoder_learning_rate": 1e-12}
    corpus = replace(small_corpus, splits={"train": small_corpus.splits["train"]})
    train(on(trained_run, **still), corpus, tmp_path / "on", device="cpu", progress=False)
    before, now = (SynNER.from_pretrained(p) for p in (trained_run, tmp_path / "on"))
    old = before.model.state_dict()
    for name, tensor in now.model.state_dict().items():
        torch.testing.assert_close(tensor, old[name], rtol=0, atol=1e-9)
    test = small_corpus.splits["test"]
    assert [s.entities for s in now.predict(test)] == [s.entities for s in before.predict(test)]


def test_settings_are_those_of_the_run(trained_run: Path) -> None:
    config = on(trained_run)
    trained = json.loads((trained_run / "metrics.json").read_bytes())["config"]
    assert config.model.model_dump(mode="json") == {
        name: trained[name] for name in type(config.model).model_fields
    }
    assert config.training.batch_size == trained["training"]["batch_size"] == 8
    assert on(trained_run, training__batch_size=3, encoder__freeze="all").training.batch_size == 3


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"gnn__size": 20}, r"'gnn.size' cannot change .*: it is 12 in .*tiny, got 20"),
        ({"head__name": "span"}, r"'head.name' cannot change .*: it is 'crf' in .*, got 'span'"),
        ({"parser__name": "biaffine"}, r"'parser.name' cannot change"),
        ({"gnn__edges": ["self"]}, r"'gnn.edges' cannot change"),
        ({"encoder__pooling": "mean"}, r"'encoder.pooling' cannot change"),
    ],
)
def test_what_would_be_another_model_is_refused(
    override: dict[str, Any], said: str, trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    config = on(trained_run, **override)
    with pytest.raises(InputError, match=said):
        train(config, small_corpus, tmp_path / "on", device="cpu", progress=False)
    assert not (tmp_path / "on").exists()


def test_the_run_itself_is_not_written_over(trained_run: Path, small_corpus: Corpus) -> None:
    before = RunFolder(trained_run).digest()
    with pytest.raises(InputError, match="is an input, and a new run"):
        train(on(trained_run), small_corpus, trained_run, overwrite=True, progress=False)
    assert RunFolder(trained_run).digest() == before


def test_sentences_without_a_tree_get_that_of_the_runs_parser(
    parsing_run: Path, dishes: Corpus, tmp_path: Path
) -> None:
    bare = {split: [s.without_tree() for s in rows] for split, rows in dishes.splits.items()}
    parser = SynNER.from_pretrained(parsing_run).own_parser()
    parsed = {split: tuple(parser.parse(rows)) for split, rows in bare.items()}
    files = []
    for name, splits in (("bare", bare), ("parsed", parsed)):
        corpus = replace(dishes, splits={s: tuple(rows) for s, rows in splits.items()})
        train(on(parsing_run), corpus, tmp_path / name, device="cpu", progress=False)
        files.append(outcome(tmp_path / name)[0])
    assert files[0] == files[1]
    log = (tmp_path / "bare" / "train.log").read_text(encoding="utf-8")
    assert "for 16 sentences without" in log


def test_a_new_relation_is_learned(parsing_run: Path, dishes: Corpus, tmp_path: Path) -> None:
    first, *rest = dishes.splits["train"]
    assert first.relations is not None
    first = first.replace(relations=["zeta" if r == "root" else r for r in first.relations])
    corpus = replace(dishes, splits={"train": (first, *rest)})
    train(on(parsing_run), corpus, tmp_path / "on", device="cpu", progress=False)
    ner = SynNER.from_pretrained(tmp_path / "on")
    assert ner.own_parser().relations == tuple(sorted(ner.vocabularies.relations.names))
    assert "zeta" in ner.own_parser().relations


def test_another_run_is_not_resumed(
    trained_run: Path, small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained_run, run)
    config = on(run)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            train(config, small_corpus, tmp_path / "on", device="cpu", progress=False)
    ner = SynNER.from_pretrained(run)
    with torch.no_grad():
        ner.model.head.start += 1  # type: ignore[operator]
    ner.save_pretrained(run)
    with pytest.raises(InputError, match="the files of the run to go on from are not the same"):
        train(config, small_corpus, tmp_path / "on", device="cpu", progress=False, resume=True)


@pytest.fixture
def lexical_run(small_corpus: Corpus, tmp_path: Path) -> Path:
    """A run that keeps the vectors of two words fixed."""
    (tmp_path / "few.vec").write_text("the 1 2 3\nof 4 5 6\n")
    config = tiny_config(
        "lexical",
        encoder__vectors=str(tmp_path / "few.vec"),
        encoder__fix_words=True,
        gnn__name="none",
        recurrent__name="none",
        training__epochs=1,
    )
    train(config, small_corpus, tmp_path / "lexical", device="cpu", progress=False)
    return tmp_path / "lexical"


def vector(ner: SynNER, word: str) -> list[float]:
    encoder = ner.model.encoder.parts[0]
    row = encoder.vectors.weight[ner.vocabularies.words.ids[word]]  # type: ignore[attr-defined]
    found: list[float] = row.tolist()
    return found


@pytest.mark.parametrize("vectors", [False, True])
def test_fixed_words_stay_and_new_ones_come_with_vectors(
    vectors: bool, lexical_run: Path, tmp_path: Path
) -> None:
    rows = (Sentence(["the", "zebra", "of", "Oslo"], entities=[Entity(3, 4, "LOC")]),) * 4
    corpus = Corpus("mine", {"train": rows}, ())
    more = {}
    if vectors:
        (tmp_path / "more.vec").write_text("the 7 7 7\nzebra 8 8 8\n")
        more = {"encoder__vectors": str(tmp_path / "more.vec")}
    config = on(lexical_run, **more)
    assert config.encoder.fix_words
    train(config, corpus, tmp_path / "on", device="cpu", progress=False)
    ner = SynNER.from_pretrained(tmp_path / "on")
    assert np.allclose(vector(ner, "the"), [1, 2, 3])
    assert ("zebra" in ner.vocabularies.words.ids) == vectors
    if vectors:
        assert np.allclose(vector(ner, "zebra"), [8, 8, 8])


def test_adapters_learn_beside_the_weights_of_the_run(
    trained_run: Path, small_corpus: Corpus, tmp_path: Path
) -> None:
    pytest.importorskip("peft")
    still = {"training__learning_rate": 1e-12, "training__encoder_learning_rate": 1e-12}
    config = on(trained_run, encoder__lora_rank=2, **still)
    train(config, small_corpus, tmp_path / "on", device="cpu", progress=False)
    before, now = (SynNER.from_pretrained(p) for p in (trained_run, tmp_path / "on"))
    for name, tensor in now.model.state_dict().items():
        torch.testing.assert_close(tensor, before.model.state_dict()[name], rtol=0, atol=1e-6)
