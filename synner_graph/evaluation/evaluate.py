"""Score a recogniser: its entities and its trees against those of the sentences."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from synner_graph.data.sentence import Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.evaluation.trees import TreeReport, score_trees
from synner_graph.recogniser.synner import SynNER


def evaluate(
    ner: SynNER, sentences: Sequence[Sentence], split: str, batch_size: int = 32
) -> Report:
    """Score the entities that a recogniser finds against those of the sentences.

    Args:
        ner: The recogniser.
        sentences: With gold entities, and with trees if it reads any.
        split: Name for the report and for errors.
        batch_size: Sentences in a batch.

    Returns:
        The scores, with the dependency relations that the recogniser does not know, most frequent
        first.

    Raises:
        InputError: A sentence has an entity whose label the recogniser does not know.
    """
    for sentence in sentences:
        for entity in sentence.entities:
            if entity.label not in ner.vocabularies.labels:
                words = " ".join(sentence.tokens[entity.start : entity.end])
                raise InputError(
                    f"The {split} split has an entity {words!r} labelled {entity.label!r}, but "
                    f"the model knows only {', '.join(ner.vocabularies.labels)}."
                )
    unknown: Counter[str] = Counter()
    predicted = ner.stream(sentences, batch_size, unknown=unknown)
    report = score_entities((s.entities for s in sentences), (p.entities for p in predicted), split)
    return replace(report, unknown_relations=dict(unknown.most_common()))


def evaluate_trees(ner: SynNER, sentences: Sequence[Sentence], split: str) -> TreeReport:
    """Score the trees of a recogniser's own parser against those of the sentences.

    Args:
        ner: A recogniser that has learned to parse.
        sentences: With trees.
        split: Name for the report.
    """
    return score_trees(sentences, ner.trees(sentences), split, ner.config.gnn.fold_subtypes)
