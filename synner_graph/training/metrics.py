"""What metrics.json holds: scores, counts, settings, versions."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from synner_graph.config import RunConfig
from synner_graph.data.corpora.catalogue import Corpus
from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.evaluate import evaluate, evaluate_trees
from synner_graph.evaluation.scores import Report
from synner_graph.evaluation.signature import Signature, signature_of
from synner_graph.recogniser.synner import SynNER
from synner_graph.training.provenance import versions

logger = logging.getLogger(__name__)


def choosing_score(scores: Mapping[str, Any]) -> float:
    """Return the score that chooses the best epoch: F1 on the trees that text will be read on.

    Args:
        scores: What `dev_scores` gives, or the record of an epoch.
    """
    return float(scores.get("dev_f1_own_trees", scores["dev_f1"]))


def dev_scores(ner: SynNER, config: RunConfig, dev: Sequence[Sentence]) -> dict[str, float]:
    """Score a model on dev, to compare epochs by `choosing_score`.

    Args:
        ner: The model as it stands.
        config: Every setting.
        dev: Development sentences.

    Returns:
        `dev_f1`. If a parser learns beside, also `dev_las`, and `dev_f1_own_trees` if the graph has
        the arcs of the given trees: with soft heads it has the parser's own in any case.
    """
    scores = {"dev_f1": evaluate(ner, as_read(config, dev), "dev").overall.f1}
    if ner.model.parser is None:
        return scores
    jackknifed = config.parser.jackknife is not None
    if ner.reads_trees and not (jackknifed or config.parser.soft_heads):
        unparsed = [sentence.without_tree() for sentence in dev]
        scores["dev_f1_own_trees"] = evaluate(ner, unparsed, "dev").overall.f1
    scores["dev_las"] = evaluate_trees(ner, dev, "dev").all.las
    return scores


def reports_of(config: RunConfig, corpus: Corpus, ner: SynNER) -> list[Report]:
    """Score a trained model on those of dev and test that the corpus has."""
    if config.encoder.features is not None:
        ner.use_features(config.encoder.features)
    return [
        evaluate(
            ner,
            as_read(config, corpus.splits[split]),
            split,
            signature=_signature(config, ner, split),
        )
        for split in ("dev", "test")
        if corpus.splits.get(split)
    ]


def as_read(config: RunConfig, sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """Return sentences of dev or test as the model is to read them.

    A model that learned on trees of parsers (`--jackknife`) gets them without trees, and parses.
    """
    if config.parser.jackknife is None:
        return sentences
    return [sentence.without_tree() for sentence in sentences]


def run_metrics(
    config: RunConfig,
    corpus: Corpus,
    ner: SynNER,
    reports: Sequence[Report],
    epochs: list[dict[str, Any]],
    seconds: float,
    resumes: int,
) -> dict[str, Any]:
    """Gather everything that is needed to understand a run and to repeat it.

    Args:
        config: Every setting, as resolved.
        corpus: What it was trained on.
        ner: The best epoch.
        reports: Its scores.
        epochs: A record of each epoch.
        seconds: What training took.
        resumes: How often it was continued after it had been broken off.
    """
    pretrained = ner.model.encoder.pretrained_parameters
    splits = [(split, corpus.splits.get(split, ())) for split in ("dev", "test")]
    return {
        **{report.split: report.to_json() for report in reports},
        "signatures": {report.split: str(report.signature) for report in reports},
        "unknown_relations": {report.split: report.unknown_relations for report in reports},
        "epochs": epochs,
        "seconds": seconds,
        "resumes": resumes,
        "counts": {
            split: {
                "sentences": len(rows),
                "tokens": sum(map(len, rows)),
                "entities": sum(len(sentence.entities) for sentence in rows),
            }
            for split, rows in corpus.splits.items()
        },
        "parser": ner.parser_record.to_json() | _on_own_trees(ner, splits),
        "corpus": {"name": corpus.name, "notes": list(corpus.notes)},
        "parameters": parameters(ner.model),
        "parameters_from_scratch": parameters(ner.model)
        - sum(parameter.numel() for parameter in pretrained),
        "graph_backend": ner.backend.name,
        "device": str(ner.device),
        "config": config.model_dump(mode="json"),
        "seed": config.training.seed,
        "versions": versions(),
    }


def _signature(config: RunConfig, ner: SynNER, split: str) -> Signature:
    signature = signature_of(config.data, split)
    if config.parser.jackknife is None:
        return signature
    return replace(signature, trees=ner.parser_record.name)


def parameters(module: nn.Module, trained: bool = False) -> int:
    """Count the numbers in a module's parameters, or those that are trained."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trained)


def _on_own_trees(ner: SynNER, splits: Iterable[tuple[str, Sequence[Sentence]]]) -> dict[str, Any]:
    """Score the trees of the model's own parser, and the entities that it finds on them."""
    if ner.model.parser is None:
        return {}
    trees, entities = {}, {}
    for split, sentences in splits:
        if sentences:
            report = evaluate_trees(ner, sentences, split)
            logger.info(
                "%s: own parser UAS %.2f, LAS %.2f (%.2f and %.2f without punctuation)",
                *(split, report.all.uas, report.all.las),
                *(report.without_punctuation.uas, report.without_punctuation.las),
            )
            unparsed = [sentence.without_tree() for sentence in sentences]
            trees[split] = report.to_json()
            entities[split] = evaluate(ner, unparsed, split).overall.to_json()
    return {"trees": trees, "entities_on_own_trees": entities}
