"""A sentence, its dependency tree and its entities: immutable, and valid once built."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import index
from typing import Any, NamedTuple, Self

from synner_graph.display import to_html
from synner_graph.errors import InputError

ROOT = -1
"""The head of a token that hangs from nothing."""


class SentenceError(InputError):
    """A sentence contradicts itself.

    Attributes:
        position: The 0-based token at fault, or None where no single token is.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class Arc(NamedTuple):
    """One dependency edge, 0-based; `head` is `ROOT` for the root of the sentence."""

    head: int
    dependent: int
    relation: str


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """Tokens `start` up to, not including, `end`, and their label.

    Attributes:
        score: How sure a model was. Gold entities have none; comparisons ignore it.

    Raises:
        SentenceError: The span is empty or negative, or the label is empty.
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise SentenceError(f"expected 0 <= start < end, got {self.start} and {self.end}")
        if not self.label:
            raise SentenceError(f"expected a label for tokens {_span(self)}, got none", self.start)


@dataclass(frozen=True, slots=True)
class ConlluExtra:
    """The parts of CoNLL-U that a `Sentence` does not use, kept so that nothing is lost.

    Attributes:
        lemmas, feats, deps: One string a token; None for a column of underscores.
        misc: The same, without `NER=`; None where it says no more than the token offsets do.
        comments: Whole comment lines. `# sent_id =` and `# text =` stand for the sentence's own
            values, where these do not come first.
        other_lines: Multiword ranges and empty nodes: (tokens before it, the whole line).
    """

    lemmas: tuple[str, ...] | None = None
    feats: tuple[str, ...] | None = None
    deps: tuple[str, ...] | None = None
    misc: tuple[str, ...] | None = None
    comments: tuple[str, ...] = ()
    other_lines: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens and, where known, their tree, entities and place in the source text.

    Any sequence is accepted for a tuple.

    Attributes:
        heads: Each token's head, 0-based, `ROOT` for a root; None for an unparsed sentence.
        relations: The label of the edge to each token's head; present exactly when `heads` is.
        entities: Sorted; they may overlap (see `check`).
        id: The name of the sentence in its corpus.
        text: The untouched source text of this sentence.
        offsets: [start, end) of each token in `text`.
        document: The id of the document that it stands in; the sentences of a document follow each
            other. None: it is a document of its own.
        candidates: Spans that a model thinks may be entities, each with its probability, sorted;
            they may share tokens. None: no model was asked.

    Raises:
        SentenceError: The parts do not fit together. Messages count tokens from 1, as files do.
    """

    tokens: tuple[str, ...]
    heads: tuple[int, ...] | None = None
    relations: tuple[str, ...] | None = None
    entities: tuple[Entity, ...] = ()
    upos: tuple[str, ...] | None = None
    xpos: tuple[str, ...] | None = None
    id: str | None = None
    text: str | None = None
    offsets: tuple[tuple[int, int], ...] | None = None
    extra: ConlluExtra | None = None
    document: str | None = None
    candidates: tuple[Entity, ...] | None = None

    def __post_init__(self) -> None:
        tokens: Any = self.tokens
        if isinstance(tokens, str):  # a string is a sequence of strings, too
            raise SentenceError(f"expected a sequence of tokens, got the string {tokens!r}")
        self._convert()
        if not self.tokens:
            raise SentenceError("expected at least one token, got none")
        if self.document == "":
            raise SentenceError("expected a document id or None, got an empty one")
        for name in ("tokens", "heads", "relations", "upos", "xpos", "offsets"):
            self._check_column(name, getattr(self, name))
        if self.extra is not None:
            for name in ("lemmas", "feats", "deps", "misc"):
                self._check_column(name, getattr(self.extra, name))
        self._check_tree()
        self._check_entities()
        self._check_offsets()

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """Return one edge for each token, in token order.

        Raises:
            InputError: The sentence is not parsed.
        """
        if self.heads is None or self.relations is None:
            raise InputError(f"expected a parsed sentence, got one without heads: {self._name()}")
        return tuple(map(Arc, self.heads, range(len(self)), self.relations))

    @property
    def roots(self) -> tuple[int, ...]:
        """Return the tokens without a head; empty for an unparsed sentence."""
        return tuple(i for i, head in enumerate(self.heads or ()) if head == ROOT)

    def without_tree(self) -> Self:
        """Return a copy without the tree."""
        return self.replace(heads=None, relations=None)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some attributes changed, validated anew."""
        return replace(self, **changes)

    def check(self, *, single_root: bool = True, flat: bool = True) -> Self:
        """Check what only some models need.

        Args:
            single_root: Refuse a parsed sentence with several roots.
            flat: Refuse entities that share a token.

        Returns:
            The sentence itself.

        Raises:
            SentenceError: Naming the roots, or the two entities.
        """
        if single_root and self.heads is not None and self.heads.count(ROOT) > 1:
            roots = self.roots
            named = ", ".join(map(self._token, roots))
            raise SentenceError(f"expected one root, got {len(roots)}: {named}", roots[1])
        if flat:
            for left, right in pairwise(self.entities):
                if right.start < left.end:
                    raise SentenceError(
                        f"expected entities that share no token, got {self._entity(left)} and "
                        f"{self._entity(right)}",
                        right.start,
                    )
        return self

    def _repr_html_(self) -> str:
        return to_html(self)

    def _convert(self) -> None:
        """Convert sequences to tuples and NumPy integers to plain ones, and sort the entities."""
        for name in ("tokens", "relations", "upos", "xpos"):
            self._set(name, tuple)
        self._set("heads", lambda heads: tuple(map(index, heads)))
        self._set("entities", lambda entities: tuple(sorted(entities)))
        self._set("candidates", lambda candidates: tuple(sorted(candidates)))
        self._set("offsets", lambda offsets: tuple(map(tuple, offsets)))

    def _set(self, name: str, convert: Callable[[Any], object]) -> None:
        value = getattr(self, name)
        if value is not None:
            object.__setattr__(self, name, convert(value))

    def _check_column(self, name: str, column: Sequence[object] | None) -> None:
        if column is None:
            return
        if len(column) != len(self):
            raise SentenceError(f"expected {len(self)} {name}, got {len(column)}")
        if "" in column:
            position = column.index("")
            raise SentenceError(f"expected no empty {name}, got one at {position + 1}", position)

    def _check_tree(self) -> None:
        if (self.heads is None) != (self.relations is None):
            given = "relations" if self.heads is None else "heads"
            raise SentenceError(f"expected heads and relations together, got {given} alone")
        if self.heads is None:
            return
        if min(self.heads) < ROOT or max(self.heads) >= len(self):
            position = next(i for i, h in enumerate(self.heads) if not ROOT <= h < len(self))
            raise SentenceError(
                f"{self._token(position)} has head {self.heads[position] + 1}, "
                f"but the sentence has {len(self)} tokens",
                position,
            )
        for position, head in enumerate(self.heads):
            if head == position:
                raise SentenceError(f"{self._token(position)} is its own head", position)
        if ROOT not in self.heads:
            raise SentenceError("expected a root (head 0), got none", 0)
        self._check_cycles()

    def _check_cycles(self) -> None:
        assert self.heads is not None
        walk_of = [ROOT] * len(self)  # the walk that first came by: each token is climbed once
        for walk in range(len(self)):
            token = walk
            while token != ROOT and walk_of[token] == ROOT:
                walk_of[token] = walk
                token = self.heads[token]
            if token != ROOT and walk_of[token] == walk:
                cycle = [token]
                while (head := self.heads[cycle[-1]]) != token:
                    cycle.append(head)
                path = " -> ".join(map(self._token, [*cycle, token]))
                raise SentenceError(f"expected a tree, got a cycle of heads: {path}", min(cycle))

    def _check_entities(self) -> None:
        for entities in (self.entities, self.candidates or ()):
            for entity in entities:
                if entity.end > len(self):
                    raise SentenceError(
                        f"{entity.label} is at tokens {_span(entity)}, "
                        f"but the sentence has {len(self)} tokens",
                        min(entity.start, len(self) - 1),
                    )
            for left, right in pairwise(entities):
                if left == right:
                    raise SentenceError(f"{self._entity(left)} is given twice", left.start)
        for candidate in self.candidates or ():
            if candidate.score is None or not 0 <= candidate.score <= 1:
                raise SentenceError(
                    f"expected a probability of the candidate {self._entity(candidate)}, "
                    f"got {candidate.score}",
                    candidate.start,
                )

    def _check_offsets(self) -> None:
        if self.offsets is None:
            return
        if self.text is None:
            raise SentenceError("expected the text that the offsets point into, got none")
        for position, (start, end) in enumerate(self.offsets):
            if not 0 <= start < end <= len(self.text):
                raise SentenceError(
                    f"expected offsets of {self._token(position)} with 0 <= start < end <= "
                    f"{len(self.text)}, got {start} and {end}",
                    position,
                )

    def _token(self, position: int) -> str:
        return f"token {position + 1} {self.tokens[position]!r}"

    def _entity(self, entity: Entity) -> str:
        words = " ".join(self.tokens[entity.start : entity.end])
        return f"{entity.label} {words!r} (tokens {_span(entity)})"

    def _name(self) -> str:
        return self.id if self.id is not None else " ".join(self.tokens[:8])


def _span(entity: Entity) -> str:
    """Describe a span in words, counted from 1, end included."""
    return f"{entity.start + 1}-{entity.end}"
