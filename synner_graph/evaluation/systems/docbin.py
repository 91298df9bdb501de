"""Systems in spaCy's DocBin: the entities in `doc.ents`.

The Docs may hold one sentence each or several, whole documents for example: their tokens are read
one after the other and cut where the sentences end. Tokens of white space are left out.
"""

from collections.abc import Sequence

from synner_graph.data.formats.docbin import Place, docs, entities_in
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.errors import InputError
from synner_graph.evaluation.systems.alignment import (
    extra_sentence,
    missing_sentence,
    token_difference,
)
from synner_graph.evaluation.systems.system import System, SystemOptions


def read(path: str, sentences: Sequence[Sentence], options: SystemOptions) -> System:
    """See `read_system`."""
    found: list[list[Entity]] = [[] for _ in sentences]
    number = used = 0  # the sentence that is being read, and how many of its tokens have been
    for where, doc in docs(path):
        places: dict[int, Place] = {}
        for token in doc:
            expected = sentences[number].tokens if number < len(sentences) else ("",)
            if token.is_space and token.text != expected[used]:
                continue
            if number == len(sentences):
                raise InputError(f"{where}: {extra_sentence(sentences, [token.text])}")
            if token.text != expected[used]:
                got = (*expected[:used], token.text)
                difference = token_difference(number + 1, expected, got)
                raise InputError(f"{where}, token {token.i + 1}: {difference}")
            places[token.i] = number, used
            used += 1
            if used == len(expected):
                number, used = number + 1, 0
        for sentence, entity in entities_in(where, doc, places):
            found[sentence].append(entity)
    if used:
        got = sentences[number].tokens[:used]
        raise InputError(f"{path}: {token_difference(number + 1, sentences[number].tokens, got)}")
    if number < len(sentences):
        raise InputError(f"{path}: {missing_sentence(sentences, number)}")
    return System(path, tuple(tuple(sorted(entities)) for entities in found))
