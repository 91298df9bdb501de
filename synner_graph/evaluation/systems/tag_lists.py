"""Systems as seqeval takes them: a JSON list with a list of tags for each sentence.

[["B-PER", "I-PER", "O"], ["O"]]
"""

import json
from collections.abc import Sequence

from synner_graph.data.formats.json_list import elements
from synner_graph.data.formats.lines import FormatError
from synner_graph.data.schemes import SchemeError, tags_to_entities
from synner_graph.data.sentence import Entity, Sentence
from synner_graph.data.unicode import SURROGATE
from synner_graph.evaluation.systems.alignment import WORDS, missing_sentence
from synner_graph.evaluation.systems.system import System, SystemOptions

USUAL_SCHEME = "bio"


def read(path: str, sentences: Sequence[Sentence], options: SystemOptions) -> System:
    """See `read_system`."""
    scheme = options.scheme or USUAL_SCHEME
    found: list[tuple[Entity, ...]] = []
    line, total = 1, 0
    for line, _, tags in elements(path, "lists of tags", "list of tags"):
        number = len(found) + 1
        if number > len(sentences):
            message = f"expected {len(sentences)} lists of tags, got another one"
            raise FormatError(path, line, message)
        if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
            message = f"expected a list of tags for sentence {number}, got {json.dumps(tags)[:40]}"
            raise FormatError(path, line, message)
        if any(SURROGATE.search(tag) for tag in tags):
            message = f"expected tags that UTF-8 can write in sentence {number}"
            raise FormatError(path, line, message)
        sentence = sentences[number - 1]
        if len(tags) != len(sentence):
            words = " ".join(sentence.tokens[:WORDS])
            message = f"expected {len(sentence)} tags for sentence {number}, {words!r}"
            raise FormatError(path, line, f"{message}, got {len(tags)}")
        try:
            entities, repaired = tags_to_entities(tags, scheme, options.repair)
        except SchemeError as error:
            place = f"token {error.position + 1} of sentence {number}"
            raise FormatError(path, line, f"{place}: {error}") from error
        found.append(tuple(entities))
        total += repaired
    if len(found) < len(sentences):
        raise FormatError(path, line, missing_sentence(sentences, len(found)))
    notes = (f"{path}: invalid tags repaired: {total:,}",) if total else ()
    return System(path, tuple(found), notes=notes)
