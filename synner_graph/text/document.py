"""A text with its sentences and the entities found in it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Sentence
from synner_graph.display import to_html
from synner_graph.graph.token_graph import TokenGraph


@dataclass(frozen=True, slots=True)
class TextEntity:
    """An entity and its place in a text.

    Attributes:
        text: The characters `start_char` up to, not including, `end_char` of the text.
        start: The first of its tokens, counted over the whole text.
        end: The token after the last.
        score: How sure the model is.
    """

    text: str
    label: str
    start_char: int
    end_char: int
    start: int
    end: int
    score: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"score": round(self.score, 6)}


@dataclass(frozen=True)
class Doc:
    """A text with what a model sees in it.

    Attributes:
        text: As it was given.
        segments: Its sentences, named, each with the character at which it begins.
    """

    text: str
    segments: tuple[Segment, ...]
    _graph: Callable[[Sequence[Sentence]], TokenGraph] = field(repr=False, compare=False)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences; their `offsets` count from where each begins."""
        return tuple(sentence for _, sentence in self.segments)

    @property
    def entities(self) -> tuple[TextEntity, ...]:
        """The entities of all sentences, in order."""
        return tuple(entities_of(self.text, self.segments))

    @property
    def graph(self) -> TokenGraph:
        """All sentences as the one graph that the model reads."""
        return self._graph(self.sentences)

    def _repr_html_(self) -> str:
        return to_html(self)

    def to_json(self) -> dict[str, Any]:
        """Return text and entities, as `predict` writes them."""
        return {"text": self.text, "entities": [entity.to_json() for entity in self.entities]}

    def to_transformers(self) -> list[dict[str, Any]]:
        """Return the entities in the form of transformers' token classification pipeline."""
        return [
            {
                "entity_group": entity.label,
                "score": entity.score,
                "word": entity.text,
                "start": entity.start_char,
                "end": entity.end_char,
            }
            for entity in self.entities
        ]


def entities_of(text: str, segments: Iterable[Segment]) -> Iterator[TextEntity]:
    """Return the entities of a text, sentence by sentence.

    An entity has the characters from its first token to its last, and what is between them. Words
    that share the characters of a multiword token each have all of these.
    """
    tokens = 0
    for start, sentence in segments:
        assert sentence.offsets is not None
        for entity in sentence.entities:
            first = start + sentence.offsets[entity.start][0]
            end = start + sentence.offsets[entity.end - 1][1]
            yield TextEntity(
                text=text[first:end],
                label=entity.label,
                start_char=first,
                end_char=end,
                start=tokens + entity.start,
                end=tokens + entity.end,
                score=entity.score or 0.0,
            )
        tokens += len(sentence)
