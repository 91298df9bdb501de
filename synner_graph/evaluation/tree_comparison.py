"""What a model finds on the trees of its sentences, and on those of a parser."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.sentence import Sentence
from synner_graph.evaluation.evaluate import evaluate
from synner_graph.evaluation.intervals import with_intervals
from synner_graph.evaluation.scores import Report
from synner_graph.evaluation.signature import Signature
from synner_graph.evaluation.trees import TreeReport, score_trees
from synner_graph.parsers.base import Parser, ParserRecord, scheme_note
from synner_graph.recogniser.synner import SynNER


@dataclass(frozen=True)
class TreeComparison:
    """Entity scores on trees of two kinds.

    Attributes:
        parser: whose trees are compared.
        on_parsed: entities found on its trees.
        on_gold: entities found on the trees of the sentences; None if they have none.
        trees: its trees against those of the sentences; None if they have none.
        notes: what to know of its relations.
    """

    parser: ParserRecord
    on_parsed: Report
    on_gold: Report | None
    trees: TreeReport | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `eval --parser P --json` prints."""
        return {
            "split": self.on_parsed.split,
            "gold_trees": self.on_gold and self.on_gold.signed_json(),
            "parsed_trees": self.on_parsed.signed_json(),
            "parser": self.parser.to_json(),
            "trees": self.trees and self.trees.to_json(),
        }


def compare_trees(
    ner: SynNER,
    parser: Parser,
    sentences: Sequence[Sentence],
    split: str,
    batch_size: int = BATCH_SIZE,
    signature: Signature | None = None,
) -> TreeComparison:
    """Score a model on sentences as they are and as a parser parses them.

    Args:
        ner: The model.
        parser: It parses the sentences.
        sentences: With gold entities, and with trees or without.
        split: Name for the report.
        batch_size: Sentences in a batch.
        signature: How the sentences were read, where that is known.

    Raises:
        InputError: as `evaluate` and `Parser.parse` do.
    """

    def scored(rows: Sequence[Sentence], signed: Signature | None) -> Report:
        return with_intervals(evaluate(ner, rows, split, batch_size, signed), rows)

    parsed = parser.parse(sentences)
    on_gold = trees = None
    if all(sentence.heads is not None for sentence in sentences):
        on_gold = scored(sentences, signature)
        found = [(s.heads or (), s.relations or ()) for s in parsed]
        # A parser that never saw a subtype cannot be asked for one.
        folded = ner.config.gnn.fold_subtypes and parser.record == ner.parser_record
        trees = score_trees(sentences, found, split, folded)
    note = scheme_note(ner.parser_record, parser)
    on_its_trees = replace(signature or Signature(), trees=parser.record.name)
    on_parsed = scored(parsed, on_its_trees)
    return TreeComparison(
        parser.record, on_parsed, on_gold, trees, notes=() if note is None else (note,)
    )
