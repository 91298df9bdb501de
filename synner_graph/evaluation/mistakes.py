"""What a model got wrong: every mistake has a kind, and all of them fit on one page."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.drawing import draw_sentence
from synner_graph.drawing.page import Card, filter_page

MISSED = "missed"
SPURIOUS = "spurious"
WRONG_TYPE = "wrong type"
WRONG_BOUNDARY = "wrong boundary"


@dataclass(frozen=True)
class Mistake:
    """A gold entity that was not found, an entity that was found wrongly, or such a pair.

    Attributes:
        kind: MISSED, SPURIOUS, WRONG_TYPE (same tokens) or WRONG_BOUNDARY (same label).
        gold: the gold entity; None when spurious.
        predicted: the predicted entity; None when missed.
    """

    kind: str
    gold: Entity | None = None
    predicted: Entity | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The types that are involved, sorted."""
        return tuple(sorted({e.label for e in (self.gold, self.predicted) if e is not None}))

    def describe(self, tokens: Sequence[str]) -> str:
        """The mistake in words."""
        said = [quoted(entity, tokens) for entity in (self.gold, self.predicted) if entity]
        return f"{self.kind}: {' read as '.join(said)}"


def find_mistakes(gold: Iterable[Entity], predicted: Iterable[Entity]) -> list[Mistake]:
    """Every difference between the entities of a sentence and those found in it.

    An entity belongs to one mistake. A predicted entity over the tokens of a gold one that has
    another label is of the wrong type; of those that remain, one that shares a token with a gold
    one of its label has a wrong boundary, where several do the one that shares most; what then
    remains is missed or spurious.
    """
    left, right = Counter(gold), Counter(predicted)
    wanted, found = sorted((left - right).elements()), sorted((right - left).elements())
    mistakes = []

    def pair(kind: str, one: Entity, other: Entity) -> None:
        if one in wanted and other in found:
            wanted.remove(one)
            found.remove(other)
            mistakes.append(Mistake(kind, one, other))

    for one, other in [(a, b) for a in wanted for b in found]:
        if (one.start, one.end) == (other.start, other.end):
            pair(WRONG_TYPE, one, other)
    shared = [(_shared(a, b), a, b) for a in wanted for b in found if a.label == b.label]
    for tokens, one, other in sorted(shared, key=lambda row: (-row[0], row[1], row[2])):
        if tokens > 0:
            pair(WRONG_BOUNDARY, one, other)
    mistakes += [Mistake(MISSED, gold=entity) for entity in wanted]
    mistakes += [Mistake(SPURIOUS, predicted=entity) for entity in found]
    return sorted(mistakes, key=_position)


def mistakes_page(
    title: str,
    gold: Sequence[Sentence],
    predicted: Sequence[Sentence],
    labels: Collection[str] = (),
) -> str:
    """An HTML page of all sentences with mistakes, filterable by kind and type.

    Args:
        title: of the page.
        gold: the sentences with their gold entities.
        predicted: the same sentences as the model has them.
        labels: every label in use, so that each keeps one colour on the page.
    """
    cards = []
    for number, (sentence, found) in enumerate(zip(gold, predicted, strict=True), 1):
        mistakes = find_mistakes(sentence.entities, found.entities)
        if mistakes:
            card = Card(
                title=numbered(number, sentence),
                scene=draw_sentence(found, gold=sentence.entities, labels=labels).scene,
                marks=tuple((mistake.kind, mistake.labels) for mistake in mistakes),
                notes=tuple(mistake.describe(sentence.tokens) for mistake in mistakes),
            )
            cards.append(card)
    return filter_page(title, cards)


def numbered(number: int, sentence: Sentence) -> str:
    """The title of a sentence on a page: its number, counted from 1, and its id."""
    return f"{number}: {sentence.id}" if sentence.id else str(number)


def _shared(one: Entity, other: Entity) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def quoted(entity: Entity, tokens: Sequence[str]) -> str:
    """Name an entity by its label and its tokens."""
    return f"{entity.label} {' '.join(tokens[entity.start : entity.end])!r}"


def _position(mistake: Mistake) -> tuple[int, int]:
    entity = mistake.gold or mistake.predicted
    assert entity is not None
    return entity.start, entity.end
