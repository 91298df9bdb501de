"""Entities found in raw text against gold entities, by their characters."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.text.document import Doc, TextEntity, entities_of
from synner_graph.text.segment import Segment


def evaluate_raw(
    pipe: Callable[[Iterable[str]], Iterator[Doc]], sentences: Sequence[Sentence], split: str
) -> Report:
    """Score what is found in the texts of sentences, read without their tokens and trees.

    An entity is correct when its first and last character and its label are.

    Args:
        pipe: Names texts, in order.
        sentences: With text, offsets and gold entities.
        split: Name for the report.

    Raises:
        InputError: A sentence has no text, or its tokens are not found there.
    """
    for number, sentence in enumerate(sentences, 1):
        if sentence.text is None or sentence.offsets is None:
            raise InputError(
                f"Sentence {sentence.id or number} of the {split} split has no text in which its "
                "tokens are found: --raw needs CoNLL-U with # text."
            )
    gold = (_characters(entities_of(s.text or "", [Segment(0, s)])) for s in sentences)
    found = (_characters(doc.entities) for doc in pipe(s.text or "" for s in sentences))
    return score_entities(gold, found, split)


def _characters(entities: Iterable[TextEntity]) -> list[Entity]:
    """The entities with characters for tokens."""
    return [Entity(e.start_char, e.end_char, e.label, e.score) for e in entities]
