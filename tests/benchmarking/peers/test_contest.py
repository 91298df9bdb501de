"""All compete on the same sentences and terms, and what is reported is what they found."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from synner_graph.benchmarking.peers import contest as module
from synner_graph.benchmarking.peers.catalogue import PEERS, Peer, chosen
from synner_graph.benchmarking.peers.contest import Contest, Terms
from synner_graph.benchmarking.peers.environment import CannotInstall
from synner_graph.benchmarking.peers.table import table
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Entity
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import score_entities

CAPITALS = """
import json, pathlib, re

def train(work):
    home = pathlib.Path(work.output)
    home.mkdir(parents=True)
    seen = [len(work.train), len(work.dev), work.epochs, work.tags]
    (home / "seen.json").write_text(json.dumps(seen))
    return work.epochs / 2

def load(folder):
    return folder

def name_tokens(model, lines):
    assert all(set(line) == {"tokens", "document"} for line in lines)
    return [
        [(n, n + 1, "PER") for n, token in enumerate(line["tokens"]) if token[0].isupper()]
        for line in lines
    ]

def name_texts(model, lines):
    capitalised = re.compile(r"[A-Z]\\w+")
    return [[(*m.span(), "PER") for m in capitalised.finditer(line["text"])] for line in lines]
"""
FAILS = """
def train(work):
    raise ValueError("no memory")
"""
CAPITALISED = Peer("capitals", "capitals", (), "synner-graph")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "capitals.py").write_text(CAPITALS)
    (tmp_path / "fails.py").write_text(FAILS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(module, "ROUNDS", 1)


def run(
    corpus: Corpus, folder: Path, peers: Sequence[Peer], encoder: Path, minutes: float = 0.001
) -> tuple[list[dict[str, object]], list[str]]:
    said: list[str] = []
    terms = Terms(str(encoder), minutes, 1, 1)
    return Contest(corpus, terms, folder, said.append).run(peers), said


@pytest.mark.usefixtures("programs")
def test_scores_are_those_of_what_was_found(
    small_corpus: Corpus, tmp_path: Path, tiny_transformer: Path
) -> None:
    [row], _ = run(small_corpus, tmp_path / "contest", [CAPITALISED], tiny_transformer)
    for split in ("dev", "test"):
        sentences = small_corpus.splits[split]
        gold = [sentence.entities for sentence in sentences]
        found = [
            [Entity(n, n + 1, "PER") for n, token in enumerate(s.tokens) if token[0].isupper()]
            for s in sentences
        ]
        assert row[f"{split}_f1"] == pytest.approx(score_entities(gold, found, "").overall.f1)
    assert 0 < row["raw_f1"] < 100
    assert row["raw_interval"]["low"] <= row["raw_f1"] <= row["raw_interval"]["high"]
    seen = json.loads((tmp_path / "contest/models/capitals/model/seen.json").read_text())
    train = small_corpus.splits["train"]
    assert 1 <= seen[0] <= len(train) and seen[1] == len(small_corpus.splits["dev"])
    assert row["epochs"] == pytest.approx(seen[2] / 2 * seen[0] / len(train)), "those it made"
    assert seen[3][0] == "O" and {"B-PER", "I-PER"} <= set(seen[3])


@pytest.mark.usefixtures("programs")
def test_who_is_trained_is_trained_again_on_other_terms_only(
    small_corpus: Corpus, tmp_path: Path, tiny_transformer: Path
) -> None:
    folder = tmp_path / "contest"
    _, first = run(small_corpus, folder, [CAPITALISED], tiny_transformer)
    _, again = run(small_corpus, folder, [CAPITALISED], tiny_transformer)
    _, longer = run(small_corpus, folder, [CAPITALISED], tiny_transformer, minutes=0.002)
    trained = [any("training" in note for note in said) for said in (first, again, longer)]
    assert trained == [True, False, True]


@pytest.mark.usefixtures("programs")
def test_who_fails_or_cannot_be_installed_is_named(
    small_corpus: Corpus, tmp_path: Path, tiny_transformer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def python_of(peer: Peer, folder: Path) -> Path:
        if peer.packages:
            raise CannotInstall("No matching distribution found for nothing-like-it")
        return own(peer, folder)

    own = module.python_of
    monkeypatch.setattr(module, "python_of", python_of)
    absent = Peer("absent", "absent", ("nothing-like-it",), "nothing-like-it")
    failing = Peer("failing", "fails", (), "synner-graph")
    peers = [absent, failing, CAPITALISED]
    rows, _ = run(small_corpus, tmp_path / "contest", peers, tiny_transformer)
    lines = list(table(rows))
    assert lines[2].startswith("| capitals ")
    assert "absent is missing: No matching distribution found for nothing-like-it" in lines
    assert "failing is missing: ValueError: no memory" in lines


@pytest.mark.parametrize(("epochs", "wanted"), [(3.9, (3, 1.0)), (1.0, (1, 1.0)), (0.3, (1, 0.3))])
def test_a_training_fits_into_the_time(
    small_corpus: Corpus, tmp_path: Path, epochs: float, wanted: tuple[int, float]
) -> None:
    contest = Contest(small_corpus, Terms("minilm", 1, 1, 1), tmp_path, print)
    whole, sentences = contest._that_fit(epochs)
    train = small_corpus.splits["train"]
    assert whole == wanted[0]
    assert len(sentences) == pytest.approx(wanted[1] * len(train), abs=10)
    assert {sentence.id for sentence in sentences} <= {sentence.id for sentence in train}


def test_what_comes_before_the_first_epoch_is_not_part_of_each(
    small_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learn(self: Contest, peer: Peer, train: str, dev: str, output: Path, epochs: int) -> object:
        output.mkdir(exist_ok=True)
        read = (tmp_path / "work" / f"{train}.jsonl").read_text().splitlines()
        return {"seconds": 6 + len(read) / 10, "epochs": epochs}

    monkeypatch.setattr(module, "PROBES", {"probe-short": 3, "probe-long": 9})
    monkeypatch.setattr(Contest, "_learn", learn)
    contest = Contest(small_corpus, Terms("minilm", 1, 1, 1), tmp_path, print)
    fit = contest._epochs(CAPITALISED, tmp_path / "probe")
    assert fit == pytest.approx((60 - 6) / (len(small_corpus.splits["train"]) / 10))


def test_an_unknown_peer_is_refused() -> None:
    assert [peer.name for peer in chosen("spacy,flair")] == ["spacy", "flair"]
    with pytest.raises(InputError, match=r"There is no peer 'spacey'.*spacy"):
        chosen("spacey")


def test_each_peer_has_its_program() -> None:
    for peer in PEERS.values():
        assert (module.PROGRAMS / f"{peer.program}.py").is_file()
