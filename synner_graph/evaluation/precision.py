"""What a recogniser finds in each precision that a device computes in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

from synner_graph.data.sentence import Sentence
from synner_graph.encoders.precision import FLOAT32
from synner_graph.encoders.transformer import TransformerEncoder
from synner_graph.evaluation.scores import score_entities
from synner_graph.recogniser.precision import supported
from synner_graph.recogniser.synner import SynNER


@contextmanager
def in_precision(ner: SynNER, precision: str) -> Iterator[bool]:
    """Compute in a precision for a while, on a copy of the transformer.

    Args:
        ner: In float32.
        precision: See `Predictor.compute_in`.

    Yields:
        False where the encoder does not have the precision; the recogniser is then as it was.
    """
    if precision == FLOAT32:
        yield True
        return
    encoder = ner.model.encoder
    # Nothing else is copied: what features are read from, such as an open file, cannot be.
    kept = [(p, p.transformer) for p in encoder.parts if isinstance(p, TransformerEncoder)]
    try:
        for part, transformer in kept:
            part.transformer = deepcopy(transformer)
        yield encoder.compute_in(precision)
    finally:
        for part, transformer in kept:
            part.transformer, part.narrowed = transformer, False


def f1_by_precision(ner: SynNER, sentences: Sequence[Sentence]) -> dict[str, float]:
    """Measure F1 in each precision that the device has.

    Args:
        ner: In float32.
        sentences: With gold entities, and with trees or a parser in the run if it reads trees.

    Returns:
        In percent, by precision; nothing where only float32 can be computed.
    """
    gold = [sentence.entities for sentence in sentences]
    found: dict[str, float] = {}
    for precision in supported(ner.device):
        with in_precision(ner, precision) as possible:
            if possible:
                named = ner.predict(sentences)
                score = score_entities(gold, [sentence.entities for sentence in named], "dev")
                found[precision] = score.overall.f1
    return found if len(found) > 1 else {}
