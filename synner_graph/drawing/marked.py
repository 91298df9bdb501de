"""A text with its entities marked in place, and the trees of its sentences on request."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Protocol

from synner_graph.data.sentence import Sentence
from synner_graph.drawing.colours import PALETTE, TONES, tones_of
from synner_graph.drawing.sentence import sentence_scene
from synner_graph.drawing.svg import scrolling
from synner_graph.drawing.text import visible

MOST_SENTENCES = 20
"""Trees that a text shows; further sentences are counted."""


class Marked(Protocol):
    """An entity and its place in the text."""

    @property
    def label(self) -> str:
        """What it is."""

    @property
    def start_char(self) -> int:
        """Its first character."""

    @property
    def end_char(self) -> int:
        """The character after its last."""

    @property
    def score(self) -> float:
        """How sure the model is."""


def marked_text(text: str, entities: Sequence[Marked], sentences: Sequence[Sentence]) -> str:
    """Write a text as HTML for a notebook, light or dark as the reader's system is.

    Entities may be nested or cross: one is cut where another begins or ends, each piece is inside
    those that are longer, and its label stands behind its last piece.

    Args:
        text: The text.
        entities: Those found in it.
        sentences: Its sentences; trees are drawn for those that have one.
    """
    tones = tones_of(entity.label for entity in entities)
    longest_first = sorted(entities, key=lambda e: (e.start_char - e.end_char, e.start_char))
    ends = {0, len(text)} | {place for e in entities for place in (e.start_char, e.end_char)}
    bounds = sorted(ends)
    parts = []
    for start, end in pairwise(bounds):
        piece = _escape(text[start:end])
        for entity in reversed(longest_first):
            if entity.start_char <= start and end <= entity.end_char:
                name = _escape(f"{entity.label} {entity.score:.2f}")
                label = f"<small>{name}</small>" if end == entity.end_char else ""
                tone = tones[entity.label]
                piece = f'<span class="{tone}" title="{name}">{piece}{label}</span>'
        parts.append(piece)
    marked = f'<div class="synner-text" dir="auto">{_style()}{"".join(parts)}</div>'
    return marked + _trees(sentences)


def _trees(sentences: Sequence[Sentence]) -> str:
    parsed = [sentence for sentence in sentences if sentence.heads is not None]
    if not parsed:
        return ""
    drawn = "".join(scrolling(sentence_scene(s)) for s in parsed[:MOST_SENTENCES])
    rest = len(parsed) - MOST_SENTENCES
    more = f"<p>and {rest} more sentence{'s' if rest > 1 else ''}</p>" if rest > 0 else ""
    return f"<details><summary>trees</summary>{drawn}{more}</details>"


def _style() -> str:
    light, dark = (
        "".join(
            f".synner-text .{tone}{{border-color:{TONES[tone][theme]}}}"
            f".synner-text .{tone}>small{{color:{TONES[tone][theme]}}}"
            for tone in PALETTE
        )
        for theme in (0, 1)
    )
    return (
        "<style>.synner-text{white-space:pre-wrap;line-height:2}"
        ".synner-text span{border-bottom:2px solid;padding-bottom:2px}"
        ".synner-text small{font-weight:600;margin-left:3px}"
        f"{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"
    )


def _escape(text: str) -> str:
    return escape("\n".join(map(visible, text.split("\n"))))
