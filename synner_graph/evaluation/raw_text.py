"""Entities found in raw text against gold entities, by their characters."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synner_graph.data.documents import documents, text_of
from synner_graph.data.segmentation.blanks import has_no_blanks, side_by_side
from synner_graph.data.segmentation.segment import Segment
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.intervals import f1_intervals, unit_of
from synner_graph.evaluation.scores import Report, score_entities
from synner_graph.evaluation.signature import Signature
from synner_graph.text.document import Doc, TextEntity, entities_of


@dataclass(frozen=True)
class RawReport:
    """Scores from raw text, by what is given as one text.

    Attributes:
        documents: Whole documents: where a sentence ends is the program's own finding.
        sentences: Each sentence by itself.
    """

    documents: Report
    sentences: Report

    def to_json(self) -> dict[str, Any]:
        """The object that `eval --raw --json` prints."""
        return {
            "split": self.documents.split,
            "documents": self.documents.signed_json(),
            "sentences": self.sentences.signed_json(),
        }


def evaluate_raw(
    pipe: Callable[[Iterable[str]], Iterator[Doc]],
    sentences: Sequence[Sentence],
    split: str,
    signature: Signature | None = None,
) -> RawReport:
    """Score what is found in raw text, read without the sentences' tokens and trees.

    An entity is correct when its first and last character and its label are. A sentence without a
    document is a document of its own. Where words are written without blanks, the tokens of a
    sentence without text, side by side, are its text.

    Args:
        pipe: Names texts, in order.
        sentences: With gold entities, text and offsets.
        split: Name for the report.
        signature: How the sentences were read, and the parser, where that is known.

    Raises:
        InputError: A sentence has no text, or its tokens are not found there.
    """
    if has_no_blanks(sentences):
        sentences = [s if s.text is not None else side_by_side(s) for s in sentences]
    for number, sentence in enumerate(sentences, 1):
        if sentence.text is None or sentence.offsets is None:
            raise InputError(
                f"Sentence {sentence.id or number} of the {split} split has no text in which its "
                "tokens are found: --raw needs CoNLL-U with # text."
            )
    signature = replace(signature or Signature(), unit="characters")
    whole = list(documents(sentences))
    single = [[sentence] for sentence in sentences]
    by_document, by_sentence = (_score(pipe, texts, split) for texts in (whole, single))
    unit = unit_of(sentences)
    return RawReport(
        _signed(by_document, [1] * len(whole), unit, signature),
        _signed(by_sentence, [len(document) for document in whole], unit, signature),
    )


def _signed(report: Report, sizes: Sequence[int], unit: str, signature: Signature) -> Report:
    """Add the intervals over documents, of which each has that many texts."""
    return replace(report, intervals=f1_intervals(report, sizes, unit), signature=signature)


def _score(
    pipe: Callable[[Iterable[str]], Iterator[Doc]], units: Sequence[Sequence[Sentence]], split: str
) -> Report:
    """The scores where each unit is given as one text."""
    texts, gold = texts_of(units)
    found = [_characters(doc.entities) for doc in pipe(texts)]
    return score_entities(gold, found, split)


def texts_of(
    units: Iterable[Sequence[Sentence]],
) -> tuple[list[str], list[list[Entity]]]:
    """Join the sentences of each unit to one text.

    Returns:
        The texts, and the entities of each, by characters in place of tokens.
    """
    texts, entities = [], []
    for unit in units:
        text, starts = text_of(unit)
        texts.append(text)
        entities.append(_characters(entities_of(text, map(Segment, starts, unit))))
    return texts, entities


def _characters(entities: Iterable[TextEntity]) -> list[Entity]:
    """The entities with characters for tokens."""
    return [Entity(e.start_char, e.end_char, e.label, e.score) for e in entities]
