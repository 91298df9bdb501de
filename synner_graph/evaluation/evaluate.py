"""Score a recogniser: its entities and its trees against those of the sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.evaluation.signature import Signature
from synner_graph.evaluation.trees import TreeReport, score_trees
from synner_graph.recogniser.recogniser import Recogniser
from synner_graph.recogniser.synner import SynNER


def evaluate(
    ner: Recogniser,
    sentences: Sequence[Sentence],
    split: str = "test",
    batch_size: int = BATCH_SIZE,
    signature: Signature | None = None,
) -> Report:
    """Score the entities that a recogniser finds against those of the sentences.

    The arguments are those of `evaluate_and_keep`, which returns the entities, too.
    """
    return evaluate_and_keep(ner, sentences, split, batch_size, signature)[0]


def evaluate_and_keep(
    ner: Recogniser,
    sentences: Sequence[Sentence],
    split: str,
    batch_size: int = BATCH_SIZE,
    signature: Signature | None = None,
) -> tuple[Report, list[tuple[Entity, ...]]]:
    """Score the entities that a recogniser finds against those of the sentences.

    Args:
        ner: The recogniser.
        sentences: With gold entities, and with trees if it reads any.
        split: Name for the report and for errors.
        batch_size: Sentences in a batch.
        signature: How the sentences were read, where that is known.

    Returns:
        The scores, with the dependency relations and the labels that the recogniser does not know,
        most frequent first, and the entities that were found in each sentence. An entity of an
        unknown label counts as missed.
    """
    unknown: Counter[str] = Counter()
    found = [s.entities for s in ner.stream(sentences, batch_size, unknown=unknown)]
    report = score_entities((s.entities for s in sentences), found, split)
    labels = Counter(e.label for s in sentences for e in s.entities)
    unknown_labels = {
        label: count for label, count in labels.most_common() if label not in ner.labels
    }
    report = replace(
        report,
        unknown_relations=dict(unknown.most_common()),
        unknown_labels=unknown_labels,
        signature=signature or Signature(),
    )
    return report, found


def evaluate_trees(ner: SynNER, sentences: Sequence[Sentence], split: str) -> TreeReport:
    """Score the trees of a recogniser's own parser against those of the sentences.

    Args:
        ner: A recogniser that has learned to parse.
        sentences: With trees.
        split: Name for the report.
    """
    return score_trees(sentences, ner.trees(sentences), split, ner.config.gnn.fold_subtypes)
