"""Names and their ids: labels, relations, characters, parts of speech, words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from synner_graph.data.entries import Entry
from synner_graph.data.sentence import Sentence

UNKNOWN = "<unknown>"


def without_subtype(relation: str) -> str:
    """Return a relation of Universal Dependencies without its subtype: `nmod` for `nmod:poss`."""
    return relation.partition(":")[0]


@dataclass(frozen=True)
class Vocabulary:
    """Names in a fixed order; id 0 stands for every unknown name.

    Attributes:
        names: Known names, without UNKNOWN; the name at index `i` has id `i + 1`.
    """

    names: tuple[str, ...]
    ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the names."""
        object.__setattr__(self, "ids", {name: i for i, name in enumerate(self.names, start=1)})

    @classmethod
    def collect(cls, names: Iterable[str], minimum: int = 1) -> "Vocabulary":
        """Collect the names that occur `minimum` times or more, by frequency, then by name."""
        counts = Counter(names)
        kept = [name for name, count in counts.items() if count >= minimum]
        return cls(tuple(sorted(kept, key=lambda name: (-counts[name], name))))

    def __len__(self) -> int:
        """Return the number of ids, the unknown one included."""
        return len(self.names) + 1

    def id_of(self, name: str) -> int:
        """Return the id of a name, 0 if it is unknown."""
        return self.ids.get(name, 0)

    def extended(self, other: "Vocabulary") -> "Vocabulary":
        """Return these names, with their ids, and behind them those that only the other has."""
        return Vocabulary((*self.names, *(name for name in other.names if name not in self.ids)))

    @property
    def all_names(self) -> tuple[str, ...]:
        """All names by id, UNKNOWN first."""
        return (UNKNOWN, *self.names)


@dataclass(frozen=True)
class Vocabularies:
    """The names that a model knows from its training sentences.

    Attributes:
        labels: Entity labels, sorted.
        relations: Dependency relations.
        characters: Characters of the tokens.
        upos: Parts of speech.
        words: Words of the tokens, where the model reads words.
        frequent: Forms too frequent for content words, where the graph joins equal forms.
        gazetteer: Phrases with their types, where the model reads them.
    """

    labels: tuple[str, ...]
    relations: Vocabulary
    characters: Vocabulary
    upos: Vocabulary = Vocabulary(())
    words: Vocabulary = Vocabulary(())
    frequent: frozenset[str] = frozenset()
    gazetteer: tuple[Entry, ...] = ()

    @classmethod
    def collect(cls, sentences: Sequence[Sentence], fold_subtypes: bool = False) -> "Vocabularies":
        """Collect the names of the training sentences; `fold_subtypes` cuts off subtypes."""
        relations: Iterable[str] = (r for s in sentences for r in s.relations or ())
        return cls(
            labels=tuple(sorted({e.label for s in sentences for e in s.entities})),
            relations=Vocabulary.collect(
                map(without_subtype, relations) if fold_subtypes else relations
            ),
            characters=Vocabulary.collect(
                (c for s in sentences for token in s.tokens for c in token), minimum=2
            ),
            upos=Vocabulary.collect(tag for s in sentences for tag in s.upos or ()),
        )

    def extended(self, other: "Vocabularies") -> "Vocabularies":
        """Return these vocabularies with what only the other has; forms and gazetteer stay."""
        return replace(
            self,
            labels=tuple(sorted({*self.labels, *other.labels})),
            relations=self.relations.extended(other.relations),
            characters=self.characters.extended(other.characters),
            upos=self.upos.extended(other.upos),
            words=self.words.extended(other.words),
        )

    def to_json(self) -> dict[str, list[Any]]:
        """Return plain lists."""
        return {
            "labels": list(self.labels),
            "relations": list(self.relations.names),
            "characters": list(self.characters.names),
            "upos": list(self.upos.names),
            "words": list(self.words.names),
            "frequent": sorted(self.frequent),
            "gazetteer": [asdict(entry) for entry in self.gazetteer],
        }

    @classmethod
    def from_json(cls, lists: dict[str, list[Any]]) -> "Vocabularies":
        """Inverse of `to_json`.

        Raises:
            KeyError: A list is missing.
            ValueError: One is not a list of different strings.
            TypeError: An entry of the gazetteer is not one.
        """

        def names(key: str, optional: bool = False) -> tuple[str, ...]:
            found = lists.get(key, []) if optional else lists[key]
            if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
                raise ValueError(f"expected a list of strings as {key!r}")
            if len(set(found)) != len(found):
                raise ValueError(f"expected each name once in {key!r}")
            return tuple(found)

        return cls(
            labels=names("labels"),
            relations=Vocabulary(names("relations")),
            characters=Vocabulary(names("characters")),
            # Older runs have none of these.
            upos=Vocabulary(names("upos", optional=True)),
            words=Vocabulary(names("words", optional=True)),
            frequent=frozenset(names("frequent", optional=True)),
            gazetteer=tuple(map(Entry.from_json, lists.get("gazetteer", []))),
        )
