"""Edges between the sentences of a document: roots of neighbors, and equal forms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import ROOT
from synner_graph.data.words.forms import NO_FORM
from synner_graph.graph.kinds.gazetteer import Mentions

IntArray = NDArray[np.int64]

NEAREST = 4
"""A mention of a form is joined to this many mentions before it, and to the first one."""

DISTANCES = ("same sentence", "1 sentence", "2-4 sentences", "5 sentences or more")
SIDES = ("before", "after")
SAME_FORM_TYPES = tuple(f"same-form {distance} {side}" for side in SIDES for distance in DISTANCES)
"""Relation types of equal forms: how far the other mention is, and on which side."""


@dataclass(frozen=True, eq=False)
class DocumentContext:
    """What edges between sentences read beside the trees.

    Attributes:
        documents: Number of each sentence's document; those of one document are neighbors, in
            their order. None: each sentence is a document of its own. *Shape:* [B]
        forms: Id of each token's form, NO_FORM for a token that is no content word. None: no token
            is one. *Shape:* [N]
        mentions: Which tokens spell entries of the gazetteer. None: none does.
    """

    documents: IntArray | None = None
    forms: IntArray | None = None
    mentions: Mentions | None = None


def sentence_neighbors(
    heads: IntArray, offsets: IntArray, documents: IntArray | None
) -> tuple[IntArray, IntArray]:
    """The roots of each two sentences that follow each other in a document.

    Of several roots the first stands for the sentence.

    Args:
        heads: Row of each token's head in the batch, or ROOT. *Shape:* [N]
        offsets: First row of each sentence, then N. *Shape:* [B + 1]
        documents: As in `DocumentContext`. *Shape:* [B]

    Returns:
        Root of the earlier and root of the later sentence. *Shape:* [P] each
    """
    if documents is None:
        return heads[:0], heads[:0]
    first = np.flatnonzero(documents[1:] == documents[:-1])
    roots = np.flatnonzero(heads == ROOT)
    places = np.searchsorted(roots, offsets[:-1])  # the first root from each sentence's start on
    return roots[places[first]], roots[places[first + 1]]


def same_form(
    forms: IntArray | None, offsets: IntArray, documents: IntArray | None
) -> tuple[IntArray, IntArray, IntArray]:
    """Edges between equal forms of a document, in both directions.

    Each mention is joined to the NEAREST before it and to the first one, so that there are at most
    `2 * (NEAREST + 1)` edges for a mention, however often its form occurs.

    Args:
        forms: As in `DocumentContext`. *Shape:* [N]
        offsets: First row of each sentence, then N. *Shape:* [B + 1]
        documents: As in `DocumentContext`. *Shape:* [B]

    Returns:
        `src`, `dst` and index into SAME_FORM_TYPES. *Shape:* [E] each
    """
    if forms is None:
        nothing = offsets[:0]
        return nothing, nothing, nothing
    numbers = np.arange(len(offsets) - 1, dtype=np.int64)
    sentence = np.repeat(numbers, np.diff(offsets))
    document = sentence if documents is None else documents[sentence]
    mentions = np.flatnonzero(forms != NO_FORM)
    mentions = mentions[np.lexsort((mentions, forms[mentions], document[mentions]))]
    new = np.ones(len(mentions), dtype=bool)
    new[1:] = (np.diff(forms[mentions]) != 0) | (np.diff(document[mentions]) != 0)
    places = np.arange(len(mentions))
    first = np.maximum.accumulate(np.where(new, places, 0))  # place of each one's first mention
    rank = places - first
    pairs = [(places[rank >= back] - back, places[rank >= back]) for back in range(1, NEAREST + 1)]
    pairs.append((first[rank > NEAREST], places[rank > NEAREST]))
    earlier, later = (mentions[np.concatenate(ends)] for ends in zip(*pairs, strict=True))
    apart = sentence[later] - sentence[earlier]
    kind = np.digitize(apart, (1, 2, 5)).astype(np.int64)
    return (
        np.concatenate([earlier, later]),
        np.concatenate([later, earlier]),
        np.concatenate([kind, kind + len(DISTANCES)]),
    )
