"""Entities by character become entities by token: the text is cut into tokens and sentences."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from synner_graph.config import TextConfig
from synner_graph.data.formats.json_objects import JsonLine
from synner_graph.data.formats.rows import ReadOptions
from synner_graph.data.formats.whole import Span
from synner_graph.data.segmentation import Segmenter, build_segmenter
from synner_graph.data.sentence import ConlluExtra, Entity, Sentence

EMPTY = "_"
NO_SPACE = "SpaceAfter=No"
Places = Sequence[tuple[int, int]]
"""First character of each token, and the one after its last."""


def sentences_of(
    text: str, spans: Sequence[Span], name: str, line: JsonLine, options: ReadOptions
) -> list[Sentence]:
    """Cut a text into sentences that have its entities.

    No sentence ends inside an entity: where the splitter says so, the two are one. Together the
    texts of the sentences are the text; one without a token has none, and is counted.

    Args:
        text: The text of the record.
        spans: Its entities.
        name: How errors call the record.
        line: Takes the problems, and knows the place in the file.
        options: How the file is read; the record is the document that has begun last.

    Raises:
        FormatError: An entity does not begin and end with tokens; each such problem is named.
    """
    places: list[tuple[int, int]] = []
    bounds = [0]
    for start, sentence in _segmenter(options.text)(text):
        assert sentence.offsets is not None
        places += [(start + first, start + end) for first, end in sentence.offsets]
        bounds.append(len(places))
    entities = _entities(text, spans, places, name, line)
    line.raise_first()
    if not places:
        options.report.empty += 1
        return []
    inside = {bound for e in entities for bound in range(e.start + 1, e.end)}
    cuts = [bound for bound in bounds if bound not in inside]
    found = []
    for number, (first, end) in enumerate(pairwise(cuts), 1):
        own = [
            Entity(e.start - first, e.end - first, e.label, e.score)
            for e in entities
            if first <= e.start < end
        ]
        begins = places[first][0] if first else 0
        ends = places[end][0] if end < len(places) else len(text)
        parts = placed(text, places[first:end], begins, ends)
        identifier = f"{options.documents.current}-{number}"
        found.append(line.sentence(options, entities=own, id=identifier, **parts))
    return found


@lru_cache(maxsize=8)
def _segmenter(settings: TextConfig) -> Segmenter:
    return build_segmenter(settings)


def placed(text: str, places: Places, begins: int, ends: int) -> dict[str, Any]:
    """Return tokens, text and offsets of a sentence of a text, as `Sentence` takes them.

    Args:
        text: The whole text.
        places: The characters of its tokens.
        begins: First character of the text of the sentence.
        ends: The one after its last.
    """
    parts: dict[str, Any] = {
        "tokens": [text[start:end] for start, end in places],
        "text": text[begins:ends],
        "offsets": [(start - begins, end - begins) for start, end in places],
    }
    if places[-1][1] == ends < len(text):  # the next sentence follows without a blank
        touches = [*(left[1] == right[0] for left, right in pairwise(places)), True]
        parts["extra"] = ConlluExtra(misc=tuple(NO_SPACE if t else EMPTY for t in touches))
    return parts


def _entities(
    text: str, spans: Sequence[Span], places: Places, name: str, line: JsonLine
) -> list[Entity]:
    """Find the tokens of entities; what does not fit is noted."""
    first = {start: token for token, (start, _) in enumerate(places)}
    last = {end: token for token, (_, end) in enumerate(places)}
    found = []
    for span in spans:
        where = f"{name}: characters {span.start} to {span.end}"
        if not span.label:
            line.refuse(f"{where}: expected a label, got none")
        elif not 0 <= span.start < span.end <= len(text):
            line.refuse(
                f"{where}: expected an entity inside the text of {len(text)} characters, got "
                f"{span.label}"
            )
        elif span.start not in first or span.end not in last:
            tokens = [text[a:b] for a, b in places if a < span.end and span.start < b]
            got = " ".join(map(repr, tokens[:3])) or "white space"
            line.refuse(
                f"{where}: expected the entity {span.label} {text[span.start : span.end]!r} to "
                f"begin and end with tokens, got {got} there (--text.tokenizer characters makes "
                "every character a token)"
            )
        else:
            found.append(Entity(first[span.start], last[span.end] + 1, span.label, span.score))
    return sorted(found)
