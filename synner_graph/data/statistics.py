"""Count what describes a corpus, one sentence at a time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from synner_graph.data.sentence import Sentence
from synner_graph.data.trees import is_projective, is_subtree, tree_depth


class Distribution:
    """Counts how often each small whole number came."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, number: int) -> None:
        """Count one."""
        self.counts[number] += 1

    @property
    def mean(self) -> float:
        """The mean, 0 without numbers."""
        total = self.counts.total()
        return sum(n * count for n, count in self.counts.items()) / total if total else 0.0

    @property
    def median(self) -> int:
        """The lower median, 0 without numbers."""
        seen, half = 0, self.counts.total() / 2
        for number in sorted(self.counts):
            seen += self.counts[number]
            if seen >= half:
                return number
        return 0

    @property
    def maximum(self) -> int:
        """The greatest, 0 without numbers."""
        return max(self.counts, default=0)

    def to_json(self) -> dict[str, float]:
        """Return mean, median and maximum."""
        return {"mean": round(self.mean, 4), "median": self.median, "max": self.maximum}


@dataclass
class Statistics:
    """Counts over sentences.

    Attributes:
        documents: Runs of sentences of one document; a sentence without a mark is one of its own.
        tokens: Their number; the lengths are by sentence, in tokens.
        entities: By type; the entity lengths are in tokens.
        overlapping: Entities that share a token with another.
        parsed: Sentences with a tree; depths count the tokens from root to leaf.
        nonprojective: Parsed sentences in which edges cross.
        parsed_entities: Entities of parsed sentences.
        not_subtrees: Those that are not one token with all that hangs below it, by type.
    """

    sentences: int = 0
    documents: int = 0
    tokens: int = 0
    lengths: Distribution = field(default_factory=Distribution)
    entities: Counter[str] = field(default_factory=Counter)
    entity_lengths: Distribution = field(default_factory=Distribution)
    overlapping: int = 0
    parsed: int = 0
    relations: Counter[str] = field(default_factory=Counter)
    depths: Distribution = field(default_factory=Distribution)
    nonprojective: int = 0
    parsed_entities: int = 0
    not_subtrees: Counter[str] = field(default_factory=Counter)
    _document: str | None = None

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "Statistics":
        """Count sentences without keeping them."""
        statistics = cls()
        for sentence in sentences:
            statistics.add(sentence)
        return statistics

    def add(self, sentence: Sentence) -> None:
        """Count one sentence."""
        self.sentences += 1
        self.documents += sentence.document is None or sentence.document != self._document
        self._document = sentence.document
        self.tokens += len(sentence)
        self.lengths.add(len(sentence))
        for entity in sentence.entities:
            self.entities[entity.label] += 1
            self.entity_lengths.add(entity.end - entity.start)
            self.overlapping += any(
                entity.start < other.end and other.start < entity.end and other != entity
                for other in sentence.entities
            )
        if sentence.heads is None or sentence.relations is None:
            return
        self.parsed += 1
        self.relations.update(sentence.relations)
        self.depths.add(tree_depth(sentence.heads))
        self.nonprojective += not is_projective(sentence.heads)
        self.parsed_entities += len(sentence.entities)
        self.not_subtrees.update(
            entity.label for entity in sentence.entities if not is_subtree(sentence.heads, entity)
        )

    def to_json(self) -> dict[str, Any]:
        """Return all counts, with shares."""
        return {
            "sentences": self.sentences,
            "documents": self.documents,
            "tokens": self.tokens,
            "sentence_length": self.lengths.to_json(),
            "entities": self.entities.total(),
            "entities_by_type": dict(sorted(self.entities.items())),
            "entity_length": self.entity_lengths.to_json(),
            "overlapping_entities": self.overlapping,
            "parsed_sentences": self.parsed,
            "tree_depth": self.depths.to_json(),
            "nonprojective_sentences": self.nonprojective,
            "nonprojective_share": _share(self.nonprojective, self.parsed),
            "entities_not_subtrees": self.not_subtrees.total(),
            "entities_not_subtrees_share": _share(self.not_subtrees.total(), self.parsed_entities),
            "entities_not_subtrees_by_type": dict(sorted(self.not_subtrees.items())),
            "relations": dict(self.relations.most_common()),
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
