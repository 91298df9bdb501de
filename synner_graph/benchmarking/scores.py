"""Scoring beside seqeval's strict mode, on the same sentences with the same errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from synner_graph.benchmarking.timing import interleaved
from synner_graph.data.nesting import flatten
from synner_graph.data.schemes import entities_to_tags, tags_to_entities
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.analysis import analyse
from synner_graph.evaluation.buckets import forms_of
from synner_graph.evaluation.scores import Report, score_entities

SCHEME = "bio"
BASELINE = "seqeval strict, from tags"


@dataclass(frozen=True)
class Work:
    """What is scored: sentences with gold and predicted entities, and both as tags.

    Attributes:
        sentences: With their gold entities.
        predicted: The gold entities with errors.
        gold_tags, predicted_tags: The same in BIO.
    """

    sentences: list[Sentence]
    predicted: list[list[Entity]]
    gold_tags: list[list[str]]
    predicted_tags: list[list[str]]


def make_work(corpus: Sequence[Sentence], number: int, seed: int = 0) -> Work:
    """Draw sentences, with replacement, and make errors in one entity of five."""
    draw = Random(seed)
    flat = [flatten(sentence, "outermost")[0] for sentence in corpus]
    sentences = draw.choices(flat, k=number)
    predicted = with_errors(sentences, draw)
    return Work(
        sentences,
        predicted,
        [entities_to_tags(s.entities, len(s), SCHEME) for s in sentences],
        [entities_to_tags(p, len(s), SCHEME) for s, p in zip(sentences, predicted, strict=True)],
    )


def with_errors(sentences: Sequence[Sentence], draw: Random) -> list[list[Entity]]:
    """Return the entities of sentences with errors in one of five.

    An entity with an error is dropped, loses its first token, or gets the label of another.

    Args:
        sentences: With flat gold entities.
        draw: Chooses the errors.
    """
    labels = sorted({entity.label for sentence in sentences for entity in sentence.entities})
    return [
        [found for e in s.entities if (found := _noisy(e, labels, draw)) is not None]
        for s in sentences
    ]


def measure_scores(work: Work, rounds: int) -> dict[str, Any]:
    """Time every way to score, in turns.

    Returns:
        The object that `bench scores --json` prints: seconds of each, their ratio to seqeval, and
        the F1 that both find.

    Raises:
        InputError: seqeval is not installed, or finds another F1.
    """
    try:
        from seqeval.metrics.v1 import precision_recall_fscore_support
        from seqeval.scheme import IOB2
    except ImportError:
        raise InputError(
            "bench scores compares with seqeval: pip install 'synner-graph[bench]'."
        ) from None
    gold = [sentence.entities for sentence in work.sentences]
    forms = forms_of(work.sentences)

    def theirs(average: str | None = None) -> Any:
        tags = work.gold_tags, work.predicted_tags
        return precision_recall_fscore_support(*tags, average=average, scheme=IOB2, zero_division=0)

    def from_tags() -> Report:
        return score_entities(map(_read, work.gold_tags), map(_read, work.predicted_tags), "bench")

    def from_entities() -> Report:
        return score_entities(gold, work.predicted, "bench")

    def everything() -> object:
        return analyse("bench", work.sentences, work.predicted, from_entities(), forms)

    seconds = interleaved(
        {
            "score_entities": from_entities,
            "score_entities, from tags": from_tags,
            "analyse: all of a report": everything,
            BASELINE: theirs,
        },
        rounds,
        warm_up=False,
    )
    ours, other = from_tags().overall.f1, 100 * float(theirs("micro")[2])
    if abs(ours - other) > 1e-6:
        raise InputError(f"expected the F1 of seqeval, {other:.4f}, got {ours:.4f}")
    return {
        "sentences": len(work.sentences),
        "tokens": sum(map(len, work.sentences)),
        "entities": sum(map(len, gold)),
        "f1": ours,
        "baseline": BASELINE,
        "measurements": [
            {"name": name, "seconds": time, "ratio": time / seconds[BASELINE]}
            for name, time in seconds.items()
        ],
    }


def _read(tags: list[str]) -> list[Entity]:
    return tags_to_entities(tags, SCHEME)[0]


def _noisy(entity: Entity, labels: Sequence[str], draw: Random) -> Entity | None:
    chance = draw.random()
    if chance < 0.07:
        return None
    if chance < 0.14 and entity.end - entity.start > 1:
        return Entity(entity.start + 1, entity.end, entity.label)
    if chance < 0.2:
        return Entity(entity.start, entity.end, draw.choice(labels))
    return entity
