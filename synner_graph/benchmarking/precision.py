"""What each precision of a run's transformer finds, and how fast, beside float32."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from synner_graph.data.batching import BATCH_SIZE
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.encoders.precision import FLOAT32
from synner_graph.evaluation.precision import in_precision
from synner_graph.evaluation.scores import score_entities
from synner_graph.recogniser.precision import supported
from synner_graph.recogniser.synner import SynNER


@dataclass(frozen=True)
class Outcome:
    """What one precision gives on one split.

    Attributes:
        split: Its name.
        precision: Of the transformer.
        f1: In percent.
        changed: Share of the entities found here or in float32 that only one of both finds.
        sentences_per_second: How fast it was.
    """

    split: str
    precision: str
    f1: float
    changed: float
    sentences_per_second: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def measure_precisions(
    ner: SynNER, splits: Mapping[str, Sequence[Sentence]], batch_size: int = BATCH_SIZE
) -> list[Outcome]:
    """Predict splits in every precision that the device computes in.

    Args:
        ner: A recogniser in float32.
        splits: Sentences with gold entities, by name.
        batch_size: Sentences read at once, at most.
    """
    outcomes = []
    for split, sentences in splits.items():
        gold = [sentence.entities for sentence in sentences]
        plain: set[tuple[int, Entity]] = set()
        for precision in supported(ner.device):
            with in_precision(ner, precision) as possible:
                if not possible:
                    continue
                ner.predict(sentences[:batch_size], batch_size)  # warm up
                start = perf_counter()
                named = [found.entities for found in ner.predict(sentences, batch_size)]
                seconds = perf_counter() - start
            found = {(row, entity) for row, entities in enumerate(named) for entity in entities}
            plain = found if precision == FLOAT32 else plain
            either = len(found | plain)
            changed = len(found ^ plain) / either if either else 0.0
            f1 = score_entities(gold, named, split).overall.f1
            rate = len(sentences) / seconds
            outcomes.append(Outcome(split, precision, f1, changed, rate))
    return outcomes
