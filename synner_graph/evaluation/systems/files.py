"""Systems in files of sentences: CoNLL columns, JSON spans, SPANNER's dumps, and all others."""

from collections.abc import Sequence

from synner_graph.data.formats import FormatError, ReadReport, read_numbered
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.evaluation.systems.alignment import (
    extra_sentence,
    missing_sentence,
    token_difference,
)
from synner_graph.evaluation.systems.system import System, SystemOptions


def read(path: str, sentences: Sequence[Sentence], options: SystemOptions) -> System:
    """See `read_system`."""
    report = ReadReport()
    numbered = read_numbered(
        path,
        options.format,
        scheme=options.scheme,
        repair=options.repair,
        multiple_roots=True,
        report=report,
    )
    line = 1
    found: list[tuple[Entity, ...]] = []
    candidates: list[tuple[Entity, ...]] = []
    for line, sentence in numbered:
        if len(found) == len(sentences):
            raise FormatError(path, line, extra_sentence(sentences, sentence.tokens))
        expected = sentences[len(found)].tokens
        if difference := token_difference(len(found) + 1, expected, sentence.tokens):
            raise FormatError(path, line, difference)
        if found and (sentence.candidates is None) == bool(candidates):
            raise FormatError(path, line, "expected candidates in every sentence or in none")
        if sentence.candidates is not None:
            candidates.append(sentence.candidates)
        found.append(sentence.entities)
    if len(found) < len(sentences):
        raise FormatError(path, line, missing_sentence(sentences, len(found)))
    repaired = report.repaired_tags
    notes = (f"{path}: invalid tags repaired: {repaired:,}",) if repaired else ()
    return System(path, tuple(found), tuple(candidates) if candidates else None, notes)
