"""Make characters the nodes, for entities that begin or end inside a word.

One character of each word, the first or the last, takes the word's place in the tree; the others
hang from it by the relation `char`.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from synner_graph.data.segmentation.tokenize import character_spans
from synner_graph.data.sentence import ROOT, ConlluExtra, Entity, Sentence
from synner_graph.data.trees import in_pairs
from synner_graph.errors import InputError

RELATION = "char"
Carrier = Literal["first", "last"]


@dataclass
class AlignmentReport:
    """Counts what did and did not fit when word trees were joined with character entities.

    Attributes:
        left_out: Sentences whose characters are not those of their tree.
        crossed_words: Words in which an entity begins or ends.
        crossing_entities: Entities that begin or end inside a word.
    """

    left_out: int = 0
    crossed_words: int = 0
    crossing_entities: int = 0


def split_characters(sentence: Sentence, carrier: Carrier = "first") -> Sentence:
    """Return the sentence with its characters as tokens, white space left out.

    Characters are what the tokenizer `characters` makes of raw text: each has the marks it carries.

    Parts of speech are those of the word. Its lemma and the like are not kept.
    """
    words = [_characters(word) for word in sentence.tokens]
    bounds = [0, *accumulate(map(len, words))]
    owner = [word for word, characters in enumerate(words) for _ in characters]
    comments = sentence.extra.comments if sentence.extra else ()
    parts: dict[str, Any] = {}
    if sentence.heads is not None and sentence.relations is not None:
        carriers = bounds[:-1] if carrier == "first" else [end - 1 for end in bounds[1:]]
        heads = [carriers[word] for word in owner]
        relations = [RELATION] * len(owner)
        for place, head, relation in zip(carriers, sentence.heads, sentence.relations, strict=True):
            heads[place] = carriers[head] if head != ROOT else ROOT
            relations[place] = relation
        parts = {"heads": heads, "relations": relations}
    for name in ("upos", "xpos"):
        column = getattr(sentence, name)
        parts[name] = column and [column[word] for word in owner]
    entities = [Entity(bounds[e.start], bounds[e.end], e.label, e.score) for e in sentence.entities]
    return Sentence(
        tokens=tuple(character for characters in words for character in characters),
        entities=tuple(entities),
        id=sentence.id,
        text=sentence.text,
        offsets=_offsets(sentence, words),
        extra=ConlluExtra(comments=comments) if comments else None,
        document=sentence.document,
        **parts,
    )


def check_characters(sentence: Sentence) -> Sentence:
    """Return the sentence as it is.

    Raises:
        InputError: One of its tokens is not a single character.
    """
    for token in sentence.tokens:
        if len(token) > 1 and len(_characters(token)) > 1:
            raise InputError(
                f"This run reads characters: expected one as each token, got {token!r}. `synner "
                "data convert --characters first` cuts the words of a file."
            )
    return sentence


def align_characters(
    sentences: Iterable[Sentence],
    trees: Iterable[Sentence],
    carrier: Carrier = "first",
    report: AlignmentReport | None = None,
) -> Iterator[Sentence]:
    """Give sentences of characters the trees of sentences of words, paired in order.

    Args:
        report: Counts what does not fit; a sentence of other characters than its tree is left out.

    Raises:
        InputError: There are more of one than of the other, or a tree is missing.
    """
    report = report if report is not None else AlignmentReport()
    for _, sentence, tree in in_pairs(sentences, trees):
        ours, theirs = split_characters(sentence, carrier), split_characters(tree, carrier)
        if ours.tokens != theirs.tokens:
            report.left_out += 1
            continue
        bounds = [0, *accumulate(len(_characters(word)) for word in tree.tokens)]
        ends = {place for entity in ours.entities for place in (entity.start, entity.end)}
        inner = ends.difference(bounds)
        report.crossing_entities += sum(e.start in inner or e.end in inner for e in ours.entities)
        report.crossed_words += len({bisect(bounds, place) for place in inner})
        yield ours.replace(heads=theirs.heads, relations=theirs.relations)


def _characters(word: str) -> list[str]:
    return [word[start:end] for start, end in character_spans(word)] or [word]


def _offsets(sentence: Sentence, words: list[list[str]]) -> tuple[tuple[int, int], ...] | None:
    """Return each character's place in the text; None if a word is spelled differently there."""
    if sentence.text is None or sentence.offsets is None:
        return None
    offsets = []
    for word, characters, (start, end) in zip(
        sentence.tokens, words, sentence.offsets, strict=True
    ):
        if sentence.text[start:end] != word:
            return None
        if characters == [word]:
            offsets.append((start, end))
        else:
            offsets += [(start + first, start + last) for first, last in character_spans(word)]
    return tuple(offsets)
