"""spaCy: `ner` on `tok2vec`, with the configuration that `spacy init config` writes for speed.

It has no transformer and stops when dev no longer grows (`patience`), so it often needs less time.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spacy
from spacy.cli.init_config import init_config
from spacy.cli.train import train as train_config
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

if TYPE_CHECKING:
    from synner_graph.benchmarking.peers.programs.run_peer import Work


def train(work: "Work") -> int:
    """See run_peer; the epochs are those that were finished when it stopped."""
    output = Path(work.output)
    output.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, lines in (("train", work.train), ("dev", work.dev)):
        paths[f"paths.{name}"] = str(output / f"{name}.spacy")
        vocab = Vocab()
        DocBin(docs=[_gold(vocab, line) for line in lines]).to_disk(paths[f"paths.{name}"])
    config, log = init_config(lang="en", pipeline=["ner"], optimize="efficiency"), output / "log"
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v2",
        "progress_bar": False,
        "console_output": False,
        "output_file": str(log),
    }
    config.to_disk(output / "config.cfg")
    settings = {**paths, "training.max_epochs": work.epochs, "system.seed": work.seed}
    train_config(output / "config.cfg", output, overrides=settings)
    return int(json.loads(log.read_text().splitlines()[-1])["epoch"])


def _gold(vocab: Vocab, line: dict[str, Any]) -> Doc:
    doc = Doc(vocab, words=line["tokens"])
    doc.ents = [Span(doc, e["start"], e["end"], e["type"]) for e in line["entities"]]
    return doc


def load(folder: str) -> Any:
    """See run_peer."""
    return spacy.load(f"{folder}/model-best")


def name_tokens(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of sentences, by tokens."""
    docs = model.pipe(Doc(model.vocab, words=line["tokens"]) for line in lines)
    return [[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs]


def name_texts(model: Any, lines: list[dict[str, Any]]) -> list[list[tuple[int, int, str]]]:
    """The entities of texts, by characters."""
    docs = model.pipe(line["text"] for line in lines)
    return [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs]
