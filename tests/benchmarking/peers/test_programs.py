"""Each program trains, loads, and names entities by tokens and by characters."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from synner_graph.benchmarking.peers.catalogue import OURS, PEERS, Peer
from synner_graph.benchmarking.peers.contest import RUNNER
from synner_graph.benchmarking.peers.programs import synner_run
from synner_graph.benchmarking.peers.programs.run_peer import Work, predict, train
from synner_graph.config import load_config
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.formats import write_sentences
from tests.places import ROOT

TEXT = "Ada Lovelace met Charles Babbage in London. They talked."


def call(peer: Peer, verb: str, task: dict[str, Any]) -> dict[str, Any]:
    """Run a program: ours here, others as scripts, where no folder hides their libraries."""
    if peer.name == OURS:
        if verb == "train":
            return train(synner_run, Work(**task))
        return predict(synner_run, task)
    command = [sys.executable, str(RUNNER), peer.program, verb, json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_our_settings_are_those_of_the_configuration_for_the_best_model() -> None:
    given = load_config(ROOT / "configs" / "documents.toml")
    ours = load_config(overrides=synner_run.SETTINGS | {"training.epochs": given.training.epochs})
    assert ours == given


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS.values(), ids=list(PEERS))
def test_a_peer_learns_and_names(
    peer: Peer,
    small_corpus: Corpus,
    tiny_transformer: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in peer.packages:
        pytest.importorskip(package.replace("-", "_"))
    monkeypatch.setitem(synner_run.SETTINGS, "encoder.window", 32)  # the tiny one reads 36 pieces
    # accelerate keeps to the first precision of a process, and other tests train here.
    monkeypatch.delitem(synner_run.SETTINGS, "training.precision")
    files = {}
    for split in ("train", "dev"):
        files[split] = str(tmp_path / f"{split}.jsonl")
        write_sentences(Path(files[split]), small_corpus.splits[split], "jsonl")
    model = str(tmp_path / "model")
    work = Work(files["train"], files["dev"], str(tiny_transformer), model, epochs=1, seed=1)
    call(peer, "train", asdict(work))
    sentences = small_corpus.splits["dev"]
    texts = [sentence.text or " ".join(sentence.tokens) for sentence in sentences]
    inputs = {
        "tokens": [{"tokens": s.tokens, "document": s.document} for s in sentences],
        "texts": [{"text": text} for text in (*texts, TEXT)],
    }
    for kind, lines in inputs.items():
        if kind == "texts" and not peer.reads_texts:
            continue
        (tmp_path / "in").write_text("".join(json.dumps(line) + "\n" for line in lines))
        task = {"model": model, "kind": kind, "input": str(tmp_path / "in")}
        done = call(peer, "predict", task | {"output": str(tmp_path / "out")})
        assert done["seconds"] > 0 and done["megabytes"] > 1
        found = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
        assert len(found) == len(lines)
        for line, entities in zip(lines, found, strict=True):
            size = len(line[kind.removesuffix("s") if kind == "texts" else kind])
            assert all(0 <= start < end <= size for start, end, _ in entities)


def test_spans_of_tags() -> None:
    pytest.importorskip("transformers")
    from synner_graph.benchmarking.peers.programs.token_classification import _spans

    tags = ["B-PER", "I-PER", "I-LOC", "O", "I-ORG", "B-ORG", "B-ORG", "I-ORG"]
    wanted = [(0, 2, "PER"), (2, 3, "LOC"), (4, 5, "ORG"), (5, 6, "ORG"), (6, 8, "ORG")]
    assert _spans(tags) == wanted
