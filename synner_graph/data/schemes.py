"""IOB1, BIO, BIOES and BMES: tags to entities and back.

A sequence of tags is valid exactly when it is the encoding of the entities it is read as. So there
is one lenient reader, which follows conlleval, and one writer; whatever tag the writer would have
set differently is the error, or, where repair is asked for, the tag repaired.

| scheme | `PER` of one token | of three | right after another `PER` |
|---|---|---|---|
| iob1 | I | I I I | B I I |
| bio | B | B I I | B I I |
| bioes | S | B I E | B I E |
| bmes | S | B M E | B M E |
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synner_graph.data.sentence import Entity, SentenceError
from synner_graph.errors import InputError, suggest

OUTSIDE = "O"


class SchemeError(InputError):
    """A tag has no place in its scheme.

    Attributes:
        position: The 0-based token at fault.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """The letters of a scheme; without a letter for the last token, `last` is `inside`."""

    first: str
    inside: str
    last: str
    single: str

    @property
    def all(self) -> str:
        return "".join(dict.fromkeys(f"B{self.first}{self.inside}{self.last}{self.single}"))

    @property
    def closes(self) -> bool:
        """Whether the scheme marks the last token of an entity."""
        return self.last != self.inside


_PREFIXES = {
    "iob1": _Prefixes(first="I", inside="I", last="I", single="I"),
    "bio": _Prefixes(first="B", inside="I", last="I", single="B"),
    "bioes": _Prefixes(first="B", inside="I", last="E", single="S"),
    "bmes": _Prefixes(first="B", inside="M", last="E", single="S"),
}
SCHEMES = tuple(_PREFIXES)


def check_scheme(scheme: str) -> str:
    """Return the scheme if it is known.

    Raises:
        InputError: It is unknown; names the nearest.
    """
    if scheme not in _PREFIXES:
        raise InputError(f"expected a tagging scheme, got {scheme!r}.{suggest(scheme, SCHEMES)}")
    return scheme


def tags_to_entities(
    tags: Sequence[str], scheme: str, repair: bool = False
) -> tuple[list[Entity], int]:
    """Read the entities off the tags of one sentence.

    Args:
        repair: Read invalid sequences as conlleval does: a tag that cannot continue the open entity
            opens a new one, and an entity left open is closed where it stops.

    Returns:
        The entities, and how many tags had to be read as another one.

    Raises:
        SchemeError: A tag is not of the scheme (always), or not valid where it is (no `repair`).
    """
    check_scheme(scheme)
    if all(tag == OUTSIDE for tag in tags):  # as in most sentences of most corpora
        return [], 0
    entities = _read(tags, scheme)
    valid = entities_to_tags(entities, len(tags), scheme)
    repaired = [i for i, (tag, right) in enumerate(zip(tags, valid, strict=True)) if tag != right]
    if repaired and not repair:
        at = repaired[0]
        raise _wrong_tag(tags[at], valid[at], scheme, at)
    return entities, len(repaired)


def tag_errors(tags: Sequence[str], scheme: str, repair: bool = False) -> list[SchemeError]:
    """List all errors in the tags; `tags_to_entities` raises the first.

    Where tags are not of the scheme they are the only errors: what they do to the others is open.
    """
    known = tuple(_PREFIXES[check_scheme(scheme)].all)
    strange = [i for i, tag in enumerate(tags) if not _is_known(tag, known)]
    if strange:
        return [_strange_tag(tags[i], scheme, i) for i in strange]
    if repair:
        return []
    valid = entities_to_tags(_read(tags, scheme), len(tags), scheme)
    pairs = enumerate(zip(tags, valid, strict=True))
    return [_wrong_tag(tag, right, scheme, i) for i, (tag, right) in pairs if tag != right]


def _is_known(tag: str, known: Sequence[str]) -> bool:
    prefix, label = _split(tag)
    return tag == OUTSIDE or (bool(label) and prefix in known)


def _strange_tag(tag: str, scheme: str, position: int) -> SchemeError:
    expected = ", ".join(f"{letter}-LABEL" for letter in _PREFIXES[scheme].all)
    return SchemeError(f"expected one of O, {expected} ({scheme}), got {tag!r}", position)


def _wrong_tag(tag: str, right: str, scheme: str, position: int) -> SchemeError:
    return SchemeError(f"expected {scheme} tag {right}, got {tag}", position)


def _split(tag: str) -> tuple[str, str]:
    prefix, _, label = tag.partition("-")
    return prefix, label


def _read(tags: Sequence[str], scheme: str) -> list[Entity]:
    known = tuple(_PREFIXES[scheme].all)
    entities = []
    start, open_label = 0, ""
    for position, tag in enumerate(tags):
        if not _is_known(tag, known):
            raise _strange_tag(tag, scheme, position)
        prefix, label = _split(tag)
        continues = label == open_label and prefix not in "BS"
        if open_label and not continues:
            entities.append(Entity(start, position, open_label))
        if not continues:
            start, open_label = position, label
        if open_label and prefix in "ES":
            entities.append(Entity(start, position + 1, open_label))
            open_label = ""
    if open_label:
        entities.append(Entity(start, len(tags), open_label))
    return entities


def entities_to_tags(entities: Iterable[Entity], length: int, scheme: str) -> list[str]:
    """Write entities as the tags of a sentence of `length` tokens.

    Raises:
        SentenceError: Two entities share a token, or one ends beyond the sentence.
    """
    prefixes = _PREFIXES[check_scheme(scheme)]
    tags = [OUTSIDE] * length
    previous: Entity | None = None
    for entity in sorted(entities):
        start, end, label = entity.start, entity.end, entity.label
        if end > length:
            raise SentenceError(f"{label} ends at token {end} of {length}", min(start, length))
        if previous and start < previous.end:
            raise SentenceError(
                f"expected entities that share no token, as {scheme} tags cannot tell them apart, "
                f"got {previous.label} and {label} at token {start + 1}",
                start,
            )
        touches = previous and previous.end == start and previous.label == label
        letters = [prefixes.first, *[prefixes.inside] * (end - start - 2), prefixes.last]
        if end - start == 1:
            letters = [prefixes.single]
        if touches and letters[0] == "I":
            letters[0] = "B"
        tags[start:end] = [f"{letter}-{label}" for letter in letters]
        previous = entity
    return tags


def tag_set(labels: Iterable[str], scheme: str) -> list[str]:
    """Return every tag for `labels`: O first, then label by label, sorted."""
    letters = _PREFIXES[check_scheme(scheme)].all
    return [OUTSIDE, *(f"{letter}-{label}" for label in sorted(set(labels)) for letter in letters)]


def valid_transitions(
    tags: Sequence[str], scheme: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which tags may follow one another, start a sentence and end one.

    Returns:
        Three masks: [i, j] is whether tag i may be followed by tag j, and the tags that may come
        first and last. *Shape:* [K, K], [K], [K]
    """
    prefixes = _PREFIXES[check_scheme(scheme)]
    pairs = [_split(tag) for tag in tags]
    outside = (OUTSIDE, "")

    def may_follow(left: tuple[str, str], right: tuple[str, str]) -> bool:
        same = left[1] == right[1]
        if prefixes.closes and left[0] in ("B", prefixes.inside):
            return same and right[0] in (prefixes.inside, "E")
        if prefixes.first == "I":
            return right[0] != "B" or same
        return right[0] in ("O", "B", "S") or (same and not prefixes.closes)

    transitions = np.array([[may_follow(left, right) for right in pairs] for left in pairs])
    start = np.array([may_follow(outside, tag) for tag in pairs])
    end = np.array([may_follow(tag, outside) for tag in pairs])
    return transitions, start, end
