"""What a study scores beside the given trees: trees of the model's own, and raw text."""

from collections.abc import Mapping, Sequence
from typing import Any

from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.evaluation.raw_text import evaluate_raw
from synner_graph.parsers import TREES
from synner_graph.recogniser.synner import SynNER
from synner_graph.study.grid import Protocol
from synner_graph.study.results import counts_to_text


def score_protocols(
    ner: SynNER,
    protocols: Sequence[Protocol],
    splits: Mapping[str, Sequence[Sentence]],
    judged: str,
) -> dict[str, Any]:
    """Score a model by each protocol.

    Args:
        ner: The model.
        protocols: `own` takes the trees of the sentences away; `raw` their tokens and borders, too.
        splits: Sentences with gold entities, by name.
        judged: The split whose counts are kept; the only one that is read as raw text.

    Returns:
        By protocol: `own` has the scores of each split and the counts of each judged sentence,
        `raw` those of whole documents, of sentences by themselves, and the counts of each document.
        None for a model that reads trees and makes none.

    Raises:
        InputError: A sentence has no text.
    """
    if ner.reads_trees and ner.parser_record.name == TREES:
        return dict.fromkeys(protocols)
    found: dict[str, Any] = {}
    if "own" in protocols:
        reports = {
            split: evaluate(ner, [sentence.without_tree() for sentence in sentences], split)
            for split, sentences in splits.items()
        }
        found["own"] = {split: report.overall.to_json() for split, report in reports.items()}
        found["own"]["per_sentence"] = counts_to_text(reports[judged])
    if "raw" in protocols:
        both = evaluate_raw(ner.pipe, splits[judged], judged)
        found["raw"] = {
            "documents": both.documents.overall.to_json(),
            "sentences": both.sentences.overall.to_json(),
            "per_document": counts_to_text(both.documents),
        }
    return found
