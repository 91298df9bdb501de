"""Choose the texts that are most worth annotating next: active learning, one round of it.

A model is least sure of a text whose best reading has the lowest posterior probability. The log of
it is divided by the number of tokens, or long texts alone would be chosen: maximum normalised
log-probability (MNLP), Shen et al. (ICLR 2018), after the least confidence of Culotta and McCallum
(AAAI 2005). What a text costs the annotator grows with its tokens, too.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synner_graph.data.segmentation.segment import Segment
from synner_graph.text.sources import Record

SHINGLE = 5
"""Characters of the pieces by which texts are compared."""

RESEMBLES = 0.6
"""Share of pieces in common from which two texts are near-doubles."""


@dataclass(frozen=True)
class Reading:
    """A text as a model reads it.

    Attributes:
        record: The text, and what else was in its file.
        segments: Its sentences with the entities found; for a sentence of a file, itself alone.
        confidence: The posterior of the best reading, as its geometric mean over the tokens.
    """

    record: Record
    segments: Sequence[Segment]
    confidence: float

    @classmethod
    def of(
        cls, record: Record, segments: Sequence[Segment], log_probabilities: Iterable[float]
    ) -> "Reading":
        """Put together the sentences of a text, each with the log-posterior of its best reading."""
        tokens = sum(len(sentence) for _, sentence in segments)
        return cls(record, segments, math.exp(min(0.0, sum(log_probabilities) / tokens)))

    @property
    def labels(self) -> frozenset[str]:
        """The types that the model finds."""
        return frozenset(e.label for _, sentence in self.segments for e in sentence.entities)


def most_useful(readings: Sequence[Reading], number: int) -> tuple[list[Reading], int]:
    """Choose texts, the least confident of each predicted type in turn.

    The texts in which nothing is found take turns as a type of their own, since an entity may have
    been missed there. A text that resembles one that is chosen already is left out.

    Source: for what resembles, Broder (1997): the share of pieces that two texts have in common, of
    all that they have; pieces are runs of characters, digits taken for each other.

    Args:
        readings: All texts.
        number: How many are wanted.

    Returns:
        The chosen ones, in the order of choice, and how many near-doubles were passed over.
    """
    order = sorted(range(len(readings)), key=lambda row: (readings[row].confidence, row))
    queues: dict[str, list[int]] = {}
    for row in reversed(order):  # the end of a list is taken first
        for label in readings[row].labels or ("",):
            queues.setdefault(label, []).append(row)
    waiting = [queues[label] for label in sorted(queues)]
    seen: set[int] = set()
    chosen: list[Reading] = []
    pieces: list[frozenset[str]] = []
    doubles = 0
    while waiting and len(chosen) < number:
        for queue in waiting:
            while queue and len(chosen) < number:
                row = queue.pop()
                if row in seen:
                    continue
                seen.add(row)
                own = _pieces(readings[row].record.text)
                if any(_resemble(own, other) for other in pieces):
                    doubles += 1
                    continue
                chosen.append(readings[row])
                pieces.append(own)
                break
        waiting = [queue for queue in waiting if queue]
    return chosen, doubles


def _pieces(text: str) -> frozenset[str]:
    text = re.sub(r"\d", "0", " ".join(text.casefold().split()))
    return frozenset(text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1)))


def _resemble(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= RESEMBLES * len(one | other)
