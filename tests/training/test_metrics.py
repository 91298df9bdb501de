"""What metrics.json holds."""

import json
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.evaluation.evaluate import evaluate, evaluate_trees
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.metrics import as_read, choosing_score, dev_scores, parameters
from synner_graph.training.provenance import digest as file_digest
from synner_graph.training.provenance import revision
from tests.fixtures import tiny_config
from tests.places import SAMPLE

JACKKNIFE = {"parser__name": "biaffine", "parser__jackknife": 2}


def test_epochs_are_compared_on_the_trees_that_text_will_be_read_on(
    parsing_run: Path, small_corpus: Corpus
) -> None:
    ner, dev = SynNER.from_pretrained(parsing_run), small_corpus.splits["dev"]
    on_own = evaluate(ner, [sentence.without_tree() for sentence in dev], "dev").overall.f1
    las = evaluate_trees(ner, dev, "dev").all.las
    scores = dev_scores(ner, tiny_config("characters"), dev)
    assert scores == {
        "dev_f1": evaluate(ner, dev, "dev").overall.f1,
        "dev_f1_own_trees": on_own,
        "dev_las": las,
    }
    assert scores["dev_f1"] != on_own == choosing_score(scores)
    jackknifed = dev_scores(ner, tiny_config("characters", **JACKKNIFE), dev)
    assert jackknifed == {"dev_f1": on_own, "dev_las": las}
    assert choosing_score(jackknifed) == on_own
    assert choosing_score({"dev_f1": 70.0}) == 70.0


def test_soft_heads_read_their_own_trees_anyway(parsing_run: Path, small_corpus: Corpus) -> None:
    ner = SynNER.from_pretrained(parsing_run)
    soft = tiny_config("characters", parser__name="biaffine", parser__soft_heads=2)
    assert set(dev_scores(ner, soft, small_corpus.splits["dev"])) == {"dev_f1", "dev_las"}


def test_a_jackknifed_model_reads_trees_of_its_own(small_corpus: Corpus) -> None:
    dev = small_corpus.splits["dev"]
    assert as_read(tiny_config("characters"), dev) is dev
    read = as_read(tiny_config("characters", **JACKKNIFE), dev)
    assert all(sentence.heads is None for sentence in read)


def test_metrics_say_where_a_run_comes_from(trained_run: Path) -> None:
    found = json.loads((trained_run / "metrics.json").read_text("utf-8"))["provenance"]
    sample = {path.name: file_digest(path) for path in SAMPLE.glob("*.conllu")}
    assert {Path(p).name: d for p, d in found["files"].items() if p.endswith("u")} == sample
    assert found["command"] == sys.argv
    assert found["processor_seconds"] > 0
    assert found["machine"]["threads"] == torch.get_num_threads()


def test_the_revision_is_that_of_the_checkout(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        command = ["git", "-C", str(tmp_path), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert revision(tmp_path) is None
    git("init", "-q")
    file = tmp_path / "code.py"
    file.write_text("1", encoding="utf-8")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    assert revision(tmp_path) == git("rev-parse", "HEAD")
    file.write_text("2", encoding="utf-8")
    assert revision(tmp_path) == git("rev-parse", "HEAD") + "+changes"


def test_parameters_are_counted() -> None:
    module = nn.Linear(3, 2)
    module.bias.requires_grad_(False)
    assert (parameters(module), parameters(module, trained=True)) == (8, 6)
