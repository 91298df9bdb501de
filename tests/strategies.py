"""Random valid sentences, for every property test that needs one."""

from typing import Any

from hypothesis import strategies as st

from synner_graph.data.sentence import ROOT, Entity, Sentence

LABELS = ("PER", "LOC", "ORG", "WORK-OF-ART", "O", "产品")
RELATIONS = ("nsubj", "obj", "nmod:poss", "punct", "并列", "_x")
UPOS = ("NOUN", "VERB", "X")
XPOS = ("NN", "-LRB-", "$")

# Any character but those that some file format cuts at: no-break spaces, U+2028, control
# characters and combining marks are all parts of tokens.
TOKENS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\ufeff"),
    min_size=1,
    max_size=6,
)


@st.composite
def trees(draw: st.DrawFn, length: int, projective: bool = False) -> list[int]:
    """Heads of a tree with one root; with crossing edges more often than not, unless projective."""
    if projective:
        heads = [ROOT] * length
        spans = [(0, length, ROOT)]
        while spans:
            start, end, head = spans.pop()
            if start < end:
                top = draw(st.integers(start, end - 1))
                heads[top] = head
                left, right = draw(st.integers(start, top)), draw(st.integers(top + 1, end))
                spans += [(start, left, top), (left, top, top)]
                spans += [(top + 1, right, top), (right, end, top)]
        return heads
    order = draw(st.permutations(range(length)))
    heads = [ROOT] * length
    for place, token in enumerate(order[1:], 1):
        heads[token] = order[draw(st.integers(0, place - 1))]
    return heads


@st.composite
def flat_entities(draw: st.DrawFn, length: int, labels: tuple[str, ...] = LABELS) -> list[Entity]:
    """Entities that share no token, often side by side."""
    entities = []
    start = draw(st.integers(0, 2))
    while start < length:
        end = draw(st.integers(start + 1, min(start + 4, length)))
        entities.append(Entity(start, end, draw(st.sampled_from(labels))))
        start = end + draw(st.integers(0, 2))
    return entities


@st.composite
def nested_entities(draw: st.DrawFn, length: int, labels: tuple[str, ...] = LABELS) -> list[Entity]:
    """Different entities anywhere: side by side, inside each other, across each other."""
    count = draw(st.integers(0, 5))
    entities = set()
    for _ in range(count):
        start = draw(st.integers(0, length - 1))
        end = draw(st.integers(start + 1, length))
        entities.add(Entity(start, end, draw(st.sampled_from(labels))))
    return sorted(entities)


@st.composite
def sentences(
    draw: st.DrawFn,
    *,
    min_size: int = 1,
    max_size: int = 9,
    parsed: bool | None = None,
    projective: bool | None = None,
    labels: tuple[str, ...] = LABELS,
    tokens: st.SearchStrategy[str] = TOKENS,
) -> Sentence:
    """A sentence with one root and flat entities; what may be absent is so at times.

    Args:
        parsed: Whether there is a tree; None draws it.
        projective: Whether the tree is projective; None draws it.
    """
    words = draw(st.lists(tokens, min_size=min_size, max_size=max_size))
    size = len(words)
    parts: dict[str, Any] = {"entities": draw(flat_entities(size, labels))}
    if draw(st.booleans()) if parsed is None else parsed:
        is_projective = draw(st.booleans()) if projective is None else projective
        parts["heads"] = draw(trees(size, is_projective))
        parts["relations"] = draw(_column(size, RELATIONS))
    for name, values in (("upos", UPOS), ("xpos", XPOS)):
        parts[name] = draw(st.none() | _column(size, values))
    parts["id"] = draw(st.none() | st.sampled_from(["s1", "weblog = 1", "é-3"]))
    if draw(st.booleans()):
        parts["text"], parts["offsets"] = draw(_spread(words))
    return Sentence(words, **parts)


def _column(size: int, values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=size, max_size=size)


@st.composite
def _spread(draw: st.DrawFn, words: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """The words as a text, some without a space between, and where they are in it."""
    text = draw(st.sampled_from(["", " "]))
    offsets = []
    for word in words:
        offsets.append((len(text), len(text) + len(word)))
        text += word + draw(st.sampled_from(["", " "]))
    return text, offsets
