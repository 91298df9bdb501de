"""Train every peer for the same time on the same sentences, then compare what they find."""

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from synner_graph.benchmarking.peers.catalogue import OURS, Peer
from synner_graph.benchmarking.peers.environment import (
    PROGRAMS,
    CannotInstall,
    python_of,
    version_of,
)
from synner_graph.config.environment import without_ours
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.documents import document_sizes, documents
from synner_graph.data.formats import write_sentences
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.encoders.packages import resolve
from synner_graph.evaluation.intervals import f1_intervals, unit_of
from synner_graph.evaluation.raw_text import texts_of
from synner_graph.evaluation.scores import score_entities

PROBES = {"probe-short": 200, "probe-long": 800}
"""Name -> sentences that a peer learns from once, to see how many epochs the time allows."""

ROUNDS = 3
TRAINED = "trained.json"
RUNNER = PROGRAMS / "run_peer.py"


class PeerFailed(Exception):
    """The program of a peer failed; the message is its last line."""


@dataclass(frozen=True)
class Terms:
    """The terms on which all compete.

    Attributes:
        encoder: Transformer of those that have one.
        minutes: For training.
        threads: Of each process.
        seed: Of every random choice.
    """

    encoder: str
    minutes: float
    threads: int
    seed: int


class Contest:
    """A contest on one corpus.

    A peer that is trained is not trained again on the same terms; predictions are always made anew.

    Args:
        corpus: With train, dev and test.
        terms: The same for all.
        folder: Environments, models and files; it is kept.
        say: Is told what happens.
    """

    def __init__(
        self, corpus: Corpus, terms: Terms, folder: Path, say: Callable[[str], None]
    ) -> None:
        self.corpus = corpus
        self.terms = terms
        self.folder = folder
        self.say = say
        (folder / "work").mkdir(parents=True, exist_ok=True)
        self.shares = self._write_sentences()
        self.gold_in_texts = self._write_texts()

    def _write_sentences(self) -> list[float]:
        """Write the splits, and probes to measure an epoch by; return their shares of train."""
        splits, draw = self.corpus.splits, random.Random(self.terms.seed)
        files, shares = dict(splits), []
        for probe, size in PROBES.items():
            files[probe] = tuple(_whole_documents(splits["train"], size, draw))
            shares.append(len(files[probe]) / len(splits["train"]))
            few = max(1, round(shares[-1] * len(splits["dev"])))
            files[f"{probe}-dev"] = tuple(_whole_documents(splits["dev"], few, draw))
        for name, sentences in files.items():
            write_sentences(self._file(name), sentences, "jsonl")
        for name in ("dev", "test"):
            _write_lines(self._file(f"{name}-tokens"), map(_tokens, splits[name]))
        _write_lines(self._file("one"), [_tokens(splits["test"][0])])
        return shares

    def _write_texts(self) -> list[list[Entity]]:
        """Write the texts of the test documents; return their entities, by characters."""
        texts, entities = texts_of(documents(self.corpus.splits["test"]))
        _write_lines(self._file("texts"), [{"text": text} for text in texts])
        return entities

    def run(self, peers: Sequence[Peer]) -> list[dict[str, Any]]:
        """Train all, then let them predict in turns; return a row for each.

        A row of a peer that cannot be installed, or that fails, has `failed` with the reason.
        """
        rows = [self._trained(peer) for peer in peers]
        timed: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
        for number in range(1, ROUNDS + 1):
            for peer, row in zip(peers, rows, strict=True):
                if "failed" not in row:
                    self.say(f"{peer.name}: prediction {number} of {ROUNDS}")
                    try:
                        timed[peer.name].append(self._timed(peer))
                    except PeerFailed as error:
                        row["failed"] = str(error)
        for peer, row in zip(peers, rows, strict=True):
            if "failed" not in row:
                found = timed[peer.name]
                row |= {key: median(once[key] for once in found) for key in found[0]}
                row |= self._scores(peer)
        return rows

    def _trained(self, peer: Peer) -> dict[str, Any]:
        """Install and train a peer, unless that is done; return what is known of it."""
        home = self.folder / "models" / peer.name
        terms = asdict(self.terms) | {"corpus": self.corpus.name}
        if (home / TRAINED).is_file():
            known: dict[str, Any] = json.loads((home / TRAINED).read_text(encoding="utf-8"))
            if known["terms"] == terms:
                return known
        self.say(f"{peer.name}: installing")
        try:
            python = python_of(peer, self.folder / "environments")
            library = version_of(peer, python)
            self.say(f"{peer.name} {library}: measuring the time of an epoch")
            epochs, sentences = self._that_fit(self._epochs(peer, home / "probe"))
            self.say(f"{peer.name}: training, {epochs} epochs of {len(sentences)} sentences")
            write_sentences(self._file("fitting"), sentences, "jsonl")
            done = self._learn(peer, "fitting", "dev", home / "model", epochs)
        except (CannotInstall, PeerFailed) as error:
            return {"peer": peer.name, "failed": str(error)}
        learned = done["epochs"] * len(sentences)
        row = {
            "peer": peer.name,
            "version": library,
            "epochs": learned / len(self.corpus.splits["train"]),
            "training_seconds": done["seconds"],
            "training_sentences_per_second": learned / done["seconds"],
            "terms": terms,
        }
        (home / TRAINED).write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")
        return row

    def _epochs(self, peer: Peer, output: Path) -> float:
        """How many epochs fit in; what comes before the first takes as long for few sentences."""
        short, long = (
            self._learn(peer, probe, f"{probe}-dev", output, epochs=1)["seconds"]
            for probe in PROBES
        )
        shutil.rmtree(output)
        few, many = self.shares
        told = many > few and long > short
        epoch = (long - short) / (many - few) if told else long / many
        before = max(0.0, long - many * epoch)
        return (60 * self.terms.minutes - before) / epoch

    def _that_fit(self, epochs: float) -> tuple[int, Sequence[Sentence]]:
        """The epochs that fit in, and their sentences: a part, where one epoch is too long."""
        train = self.corpus.splits["train"]
        if epochs >= 1:
            return int(epochs), train
        least = max(1, int(epochs * len(train)))
        return 1, _whole_documents(train, least, random.Random(self.terms.seed))

    def _learn(
        self, peer: Peer, train: str, dev: str, output: Path, epochs: int
    ) -> dict[str, float]:
        """Train a peer; return the seconds that it took, and the epochs that it made."""
        if output.exists():
            shutil.rmtree(output)
        work = {
            "train_file": str(self._file(train)),
            "dev_file": str(self._file(dev)),
            "encoder": str(resolve(self.terms.encoder)),
            "output": str(output),
            "epochs": epochs,
            "seed": self.terms.seed,
        }
        return self._call(peer, "train", work)

    def _timed(self, peer: Peer) -> dict[str, float]:
        """Let a peer predict; return how fast it was, and how much memory it held."""
        sentences = self.corpus.splits["test"]
        began = time.perf_counter()
        self._predict(peer, "one", "tokens")
        row = {"start_up_seconds": time.perf_counter() - began}
        done = self._predict(peer, "test-tokens", "tokens")
        row["sentences_per_second"] = len(sentences) / done["seconds"]
        row["peak_megabytes"] = done["megabytes"]
        self._predict(peer, "dev-tokens", "tokens")
        if peer.reads_texts:
            done = self._predict(peer, "texts", "texts")
            row["raw_sentences_per_second"] = len(sentences) / done["seconds"]
        return row

    def _predict(self, peer: Peer, name: str, kind: str) -> dict[str, float]:
        task = {
            "model": str(self.folder / "models" / peer.name / "model"),
            "kind": kind,
            "input": str(self._file(name)),
            "output": str(self._found(peer, name)),
        }
        return self._call(peer, "predict", task)

    def _scores(self, peer: Peer) -> dict[str, Any]:
        """The F1 of what a peer found, with 95 % intervals over documents on test."""
        splits = self.corpus.splits
        scores: dict[str, Any] = {}
        for name in ("dev", "test"):
            gold = [sentence.entities for sentence in splits[name]]
            report = score_entities(gold, self._entities(peer, f"{name}-tokens"), name)
            scores[f"{name}_f1"] = report.overall.f1
        unit = unit_of(splits["test"])
        intervals = f1_intervals(report, document_sizes(splits["test"]), unit)
        scores["test_interval"] = intervals.overall.ends
        if peer.reads_texts:
            report = score_entities(self.gold_in_texts, self._entities(peer, "texts"), "test")
            scores["raw_f1"] = report.overall.f1
            sizes = [1] * len(self.gold_in_texts)
            scores["raw_interval"] = f1_intervals(report, sizes, unit).overall.ends
        return scores

    def _entities(self, peer: Peer, name: str) -> list[list[Entity]]:
        lines = self._found(peer, name).read_text(encoding="utf-8").splitlines()
        return [[Entity(*entity) for entity in json.loads(line)] for line in lines]

    def _call(self, peer: Peer, verb: str, task: dict[str, Any]) -> dict[str, Any]:
        """Run a peer's program; return what its last line says."""
        command = [str(python_of(peer, self.folder / "environments")), str(RUNNER), peer.program]
        inherited = dict(os.environ) if peer.name == OURS else without_ours(os.environ)
        environment = inherited | {
            "OMP_NUM_THREADS": str(self.terms.threads),
            "HF_HUB_OFFLINE": "1",
            "FLAIR_CACHE_ROOT": str(self.folder / "flair"),
        }
        done = subprocess.run(
            [*command, verb, json.dumps(task)],
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise PeerFailed(lines[-1])
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    def _file(self, name: str) -> Path:
        return self.folder / "work" / f"{name}.jsonl"

    def _found(self, peer: Peer, name: str) -> Path:
        return self.folder / "models" / peer.name / f"found-{name}.jsonl"


def _whole_documents(
    sentences: Sequence[Sentence], least: int, draw: random.Random
) -> list[Sentence]:
    """Whole documents, drawn until they have that many sentences."""
    shuffled = list(documents(sentences))
    draw.shuffle(shuffled)
    found: list[Sentence] = []
    for document in shuffled:
        if len(found) >= least:
            break
        found += document
    return found


def _tokens(sentence: Sentence) -> dict[str, Any]:
    """What a peer is told of a sentence to predict."""
    return {"tokens": sentence.tokens, "document": sentence.document}


def _write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
